#include "apps/cli/control_server.hpp"

#include "apps/cli/control_socket.hpp"

#include <httplib.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <sys/stat.h>
#include <sys/un.h>

namespace lockstep::cli {

namespace {

constexpr std::size_t body_limit = std::size_t{1} << 20;
/// Commands that run at once. More wait: some wait for long themselves.
constexpr std::size_t handlers = 16;
/// How long an idle connection may keep one of them. Who asks may be slow to
/// begin on a busy machine.
constexpr time_t idle_seconds = 4;
/// Who asked may be slow to read, as a person in a pager.
constexpr time_t longest_write_seconds = 14 * 24 * 3'600;

/// Commands that run, and whether they are to end.
class running_commands {
public:
  /// Counts as running until it is let go of.
  std::shared_ptr<void> begin() {
    const std::lock_guard lock{mutex_};
    ++count_;
    return {this, [this](void*) {
              end();
            }};
  }
  void finish() {
    finishing_ = true;
  }
  [[nodiscard]] bool finishing() const {
    return finishing_;
  }
  bool wait_for_end(std::chrono::milliseconds patience) {
    std::unique_lock lock{mutex_};
    return ended_.wait_for(lock, patience, [this] { return count_ == 0; });
  }

private:
  void end() {
    const std::lock_guard lock{mutex_};
    --count_;
    ended_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable ended_;
  std::size_t count_ = 0;
  std::atomic<bool> finishing_ = false;
};

/// The console of a command that runs for another process.
class distant_console : public console {
public:
  distant_console(httplib::DataSink& sink, const running_commands& all,
                  const distant_command& what)
    : sink_(sink), all_(all), terminal_answers_(what.terminal_answers),
      terminal_messages_(what.terminal_messages) {
  }

  void write(stream to, std::string_view text) override {
    say({{to == stream::answers ? "answers" : "messages", text}});
  }

  [[nodiscard]] bool is_terminal(stream of) const override {
    return of == stream::answers ? terminal_answers_ : terminal_messages_;
  }

  [[nodiscard]] bool is_over() const override {
    const std::lock_guard lock{mutex_};
    return gone_ || all_.finishing() || !sink_.is_writable();
  }

  void say(const nlohmann::json& what) {
    const auto line
      = what.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
        + "\n";
    const std::lock_guard lock{mutex_};
    gone_ = gone_ || !sink_.write(line.data(), line.size());
  }

private:
  httplib::DataSink& sink_;
  const running_commands& all_;
  bool terminal_answers_;
  bool terminal_messages_;
  /// Events are told on a thread of their own.
  mutable std::mutex mutex_;
  bool gone_ = false;
};

void run_command(const control_server::runner& run, const distant_command& what,
                 running_commands& all, httplib::DataSink& sink) {
  const auto running = all.begin();
  const auto to = std::make_shared<distant_console>(sink, all, what);
  const auto status = run(what, to);
  to->say({{"status", static_cast<int>(status)}});
}

/// Binds so that nobody else can open the socket, not even for a moment.
bool bind_privately(httplib::Server& server, const std::string& path) {
  const auto before = ::umask(0177);
  const bool bound = server.bind_to_port(path.c_str(), 80);
  ::umask(before);
  return bound;
}

} // namespace

struct control_server::parts {
  std::filesystem::path file;
  httplib::Server server;
  std::thread thread;
  running_commands running;

  ~parts() {
    finish();
    if (thread.joinable())
      thread.join();
  }

  void finish() {
    running.finish();
    server.stop();
    std::error_code ignored;
    std::filesystem::remove(file, ignored);
  }

  void serve(runner run);
};

void control_server::parts::serve(runner run) {
  server.set_address_family(AF_UNIX);
  server.set_payload_max_length(body_limit);
  server.set_keep_alive_timeout(idle_seconds);
  server.set_write_timeout(longest_write_seconds, 0);
  server.new_task_queue = [] {
    return new httplib::ThreadPool(handlers);
  };
  server.Get("/", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("{\"lockstep\":\"" LOCKSTEP_VERSION "\"}\n",
                         "application/json");
  });
  server.Post(
    "/commands", [this, run = std::move(run)](const httplib::Request& request,
                                              httplib::Response& response) {
      const auto wish = parse_distant_command(request.body);
      if (!wish) {
        response.status = 400;
        response.set_content(
          nlohmann::json{{"error", wish.error().message}}.dump() + "\n",
          "application/json");
        return;
      }
      response.set_chunked_content_provider(
        "application/x-ndjson",
        [this, run, what = *wish](std::size_t, httplib::DataSink& sink) {
          run_command(run, what, running, sink);
          sink.done();
          return true;
        });
    });
}

control_server::control_server(std::unique_ptr<parts> parts)
  : parts_(std::move(parts)) {
}
control_server::control_server(control_server&&) noexcept = default;
control_server& control_server::operator=(control_server&&) noexcept = default;
control_server::~control_server() = default;

void control_server::finish() {
  parts_->finish();
}

bool control_server::wait_for_commands(std::chrono::milliseconds patience) {
  return parts_->running.wait_for_end(patience);
}

expected<control_server>
control_server::open(const std::filesystem::path& directory, runner run) {
  auto made = std::make_unique<parts>();
  const auto file = control_socket(directory);
  const auto path = file.string();
  if (path.size() >= sizeof(sockaddr_un::sun_path))
    return fail(errc::invalid_argument,
                "The path " + path
                  + " is too long for a socket; choose a shorter --data"
                    " directory.");
  // The directory's lock is held: whoever left it there is gone.
  std::error_code ignored;
  std::filesystem::remove(file, ignored);
  made->file = file;
  made->serve(std::move(run));
  if (!bind_privately(made->server, path))
    return fail(errc::io, "Cannot listen on " + path
                            + "; check the permissions of the data"
                              " directory.");
  made->thread = std::thread{[&server = made->server] {
    server.listen_after_bind();
  }};
  // Only what runs can be stopped.
  while (!made->server.is_running())
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  return control_server{std::move(made)};
}

} // namespace lockstep::cli
