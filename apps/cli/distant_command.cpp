#include "apps/cli/distant_command.hpp"

#include <nlohmann/json.hpp>

namespace lockstep::cli {

std::string to_text(const distant_command& what) {
  const nlohmann::json wish{{"arguments", what.arguments},
                            {"folder", what.folder.string()},
                            {"terminals",
                             {{"answers", what.terminal_answers},
                              {"messages", what.terminal_messages}}}};
  return wish.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

expected<distant_command> parse_distant_command(std::string_view text) {
  const auto wish = nlohmann::json::parse(text, nullptr, false);
  try {
    distant_command found;
    wish.at("arguments").get_to(found.arguments);
    found.folder = wish.value("folder", std::string{});
    const auto terminals = wish.value("terminals", nlohmann::json::object());
    found.terminal_answers = terminals.value("answers", false);
    found.terminal_messages = terminals.value("messages", false);
    return found;
  } catch (const nlohmann::json::exception&) {
    return fail(errc::invalid_argument,
                "The request is no command: an object with arguments, a list"
                " of texts.");
  }
}

} // namespace lockstep::cli
