#pragma once

#include "config/settings.hpp"
#include "messages/errors.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Settings as people write them: `leadership.heartbeat = 30s`.
namespace lockstep {

/// `200ms`, `30s`, `10m`, `1h`, `30d`: a whole number in the largest unit that
/// takes it without a rest.
std::string to_text(duration value);

/// Reads a whole number with its unit (ns, us, ms, s, m, h, d). Nothing below
/// zero, nothing beyond 292 years.
expected<duration> parse_duration(std::string_view text);

/// Sets the setting named `concern.field`. An unknown key, a value of another
/// type or out of the setting's own range: `invalid_argument`, and `all` stays
/// as it was.
expected<void> set(settings& all, std::string_view key, std::string_view value);

/// Every key with its value, in the order of config/settings.hpp.
std::vector<std::pair<std::string, std::string>>
settings_list(const settings& all);

/// Reads the text of lockstep.ini: `[concern]` sections of `field = value`
/// lines; `#` and `;` start a comment line. Whatever it does not understand is
/// an error with its line's number. Call `validate` once every source of
/// settings has been read.
expected<settings> read_ini(std::string_view text);

/// Checks what no setting can say alone, and each one's own range too. The
/// message names the settings that do not go together.
expected<void> validate(const settings& all);

} // namespace lockstep
