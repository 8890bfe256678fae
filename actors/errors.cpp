#include "actors/errors.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/exit_reason.hpp>
#include <caf/message.hpp>
#include <caf/sec.hpp>

namespace lockstep {

caf::error to_error(const failure& what) {
  return caf::make_error(what.code, what.message);
}

failure to_failure(const caf::error& what) {
  if (what.category() == caf::atom("lockstep")) {
    failure result{static_cast<errc>(what.code()), {}};
    const auto& context = what.context();
    if (context.match_elements<std::string>())
      result.message = context.get_as<std::string>(0);
    return result;
  }
  if (what == caf::sec::request_timeout)
    return {errc::timed_out, "No answer in time; try again."};
  if (what == caf::sec::request_receiver_down
      || what.category() == caf::atom("exit"))
    return {errc::closed, "The library is closed on this device; open it."};
  return {errc::internal, "Unexpected fault: " + caf::to_string(what)};
}

void register_errors(caf::actor_system_config& config) {
  config.add_error_category(
    caf::atom("lockstep"),
    [](std::uint8_t code, caf::atom_value, const caf::message& context) {
      auto text = std::string{to_string(static_cast<errc>(code))};
      return context.empty() ? text : text + caf::to_string(context);
    });
}

} // namespace lockstep
