#include "apps/cli/control_client.hpp"

#include "apps/cli/control_socket.hpp"
#include "apps/cli/distant_command.hpp"

#include <httplib.h>
#include <nlohmann/json.hpp>

#include <optional>

namespace lockstep::cli {

namespace {

/// Commands that wait, or that follow a log, may be silent for long. When the
/// daemon ends, the connection does. Milliseconds of it fit into an int.
constexpr time_t longest_silence = 14 * 24 * 3'600;

httplib::Client client_of(const std::filesystem::path& directory) {
  httplib::Client client{control_socket(directory).string(), 80};
  client.set_address_family(AF_UNIX);
  client.set_read_timeout(longest_silence, 0);
  return client;
}

/// What the daemon says, line by line.
class answer_reader {
public:
  explicit answer_reader(console& to) : to_(to) {
  }

  void take(const char* bytes, std::size_t size) {
    rest_.append(bytes, size);
    std::size_t begin = 0;
    for (;;) {
      const auto end = rest_.find('\n', begin);
      if (end == std::string::npos)
        break;
      take_line(rest_.substr(begin, end - begin));
      begin = end + 1;
    }
    rest_.erase(0, begin);
  }

  /// Nothing where the daemon ended before the command did.
  [[nodiscard]] std::optional<exit_status> status() const {
    return status_;
  }

private:
  void take_line(const std::string& line) {
    const auto said = nlohmann::json::parse(line, nullptr, false);
    if (!said.is_object())
      return;
    for (const auto& [name, value] : said.items())
      if (name == "status" && value.is_number_integer())
        status_ = static_cast<exit_status>(value.get<int>());
      else if (name == "answers" && value.is_string())
        to_.write(console::stream::answers, value.get<std::string>());
      else if (name == "messages" && value.is_string())
        to_.write(console::stream::messages, value.get<std::string>());
  }

  console& to_;
  std::string rest_;
  std::optional<exit_status> status_;
};

} // namespace

bool is_served(const std::filesystem::path& directory) {
  std::error_code unreadable;
  if (!std::filesystem::is_socket(control_socket(directory), unreadable))
    return false;
  // One that a crash left behind answers nothing.
  return static_cast<bool>(client_of(directory).Get("/"));
}

expected<exit_status> run_in_daemon(const std::filesystem::path& directory,
                                    const std::vector<std::string>& arguments,
                                    console& to) {
  std::error_code nowhere;
  const distant_command wish{arguments, std::filesystem::current_path(nowhere),
                             to.is_terminal(console::stream::answers),
                             to.is_terminal(console::stream::messages)};
  answer_reader reader{to};
  httplib::Request request;
  request.method = "POST";
  request.path = "/commands";
  request.set_header("Content-Type", "application/json");
  request.body = to_text(wish);
  request.content_receiver
    = [&](const char* bytes, std::size_t size, std::uint64_t, std::uint64_t) {
        reader.take(bytes, size);
        return true;
      };
  const auto answered = client_of(directory).send(request);
  if (reader.status())
    return *reader.status();
  if (answered && answered->status != 200)
    return fail(errc::internal,
                "The daemon of " + directory.string()
                  + " does not understand this command; start it again with"
                    " this version of Lockstep.");
  return fail(errc::timed_out, "The daemon of " + directory.string()
                                 + " ended before the command did; start it"
                                   " again and look at its log.");
}

} // namespace lockstep::cli
