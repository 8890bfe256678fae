#include "apps/cli/demo_device.hpp"

#include "apps/cli/control_client.hpp"

#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>

#include <csignal>
#include <sstream>
#include <thread>
#include <utility>

namespace lockstep::cli {

namespace {

constexpr std::chrono::seconds patience{30};
constexpr int busy_milliseconds = 30'000;

/// Keeps the answer of a command, and shows its progress.
class answer_console : public console {
public:
  explicit answer_console(output out) : out_(std::move(out)) {
  }

  void write(stream to, std::string_view text) override {
    (to == stream::answers ? answers : messages) += text;
    if (to == stream::messages && text.starts_with("\r"))
      out_.progress("  " + std::string{text.substr(text.rfind('K') + 1)});
  }
  [[nodiscard]] bool is_terminal(stream of) const override {
    return of == stream::messages && out_.shows_progress();
  }
  [[nodiscard]] bool is_over() const override {
    return false;
  }

  std::string answers;
  std::string messages;

private:
  output out_;
};

/// FNV-1a over whatever a row consists of.
class row_hash {
public:
  void add(std::string_view bytes) {
    for (const char byte : bytes)
      value_ = (value_ ^ static_cast<unsigned char>(byte)) * 1099511628211ULL;
    value_ = (value_ ^ 0xFFU) * 1099511628211ULL;
  }

  [[nodiscard]] std::uint64_t value() const {
    return value_;
  }

private:
  std::uint64_t value_ = 14695981039346656037ULL;
};

/// What SQLite throws ends the step.
template <class F> auto with_sqlite(const std::string& device, F action) {
  try {
    return action();
  } catch (const SQLite::Exception& problem) {
    throw step_failed{"The application on device " + device
                      + " failed: " + problem.what() + "."};
  }
}

} // namespace

void eventually(const std::function<bool()>& holds,
                const std::string& otherwise) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() >= end)
      throw step_failed{otherwise};
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
}

demo_device::demo_device(std::string name, std::filesystem::path directory,
                         std::vector<std::string> settings, output out)
  : name_(std::move(name)), directory_(std::move(directory)),
    settings_(std::move(settings)), out_(std::move(out)) {
}

std::vector<std::string>
demo_device::with_own(std::vector<std::string> command) const {
  command.insert(command.begin(), {"--json", "--data", directory_.string()});
  return command;
}

void demo_device::make() {
  auto making = child_process::start(with_own({"init", "--name", name_}));
  if (!making)
    throw step_failed{making.error().message};
  const auto made = nlohmann::json::parse(making->next_line(), nullptr, false);
  if (making->wait() != 0 || !made.is_object())
    throw step_failed{"Device " + name_ + " could not be made."};
  id_ = made.value("device", "");
}

void demo_device::start() {
  auto command = with_own({"serve", "--listen", "127.0.0.1:0"});
  for (const auto& one : settings_)
    command.insert(command.begin(), {"--set", one});
  auto started
    = child_process::start(std::move(command), directory_ / "serve.log");
  if (!started)
    throw step_failed{started.error().message};
  if (started->next_line().find("listening") == std::string::npos)
    throw step_failed{"The daemon of device " + name_ + " does not start."};
  daemon_.emplace(std::move(*started));
}

void demo_device::stop() {
  const auto status = daemon_->end(SIGTERM);
  daemon_.reset();
  if (status != 0)
    throw step_failed{"The daemon of device " + name_
                      + " ended with exit status " + std::to_string(status)
                      + "."};
}

void demo_device::kill() {
  daemon_->end(SIGKILL);
  daemon_.reset();
}

std::string demo_device::run(std::vector<std::string> command) {
  answer_console heard{out_};
  command.insert(command.begin(), "--json");
  const auto ran = run_in_daemon(directory_, command, heard);
  if (!ran)
    throw step_failed{ran.error().message};
  if (*ran != exit_status::done)
    throw step_failed{"Device " + name_ + " refused " + command[1] + ": "
                      + heard.messages};
  return heard.answers;
}

nlohmann::json demo_device::ask(std::vector<std::string> command) {
  return nlohmann::json::parse(run(std::move(command)));
}

std::vector<nlohmann::json>
demo_device::ask_lines(std::vector<std::string> command) {
  std::istringstream lines{run(std::move(command))};
  std::vector<nlohmann::json> list;
  for (std::string line; std::getline(lines, line);)
    list.push_back(nlohmann::json::parse(line));
  return list;
}

nlohmann::json demo_device::status() {
  return ask({"status", "demo"});
}

SQLite::Database& demo_device::database() {
  if (!database_)
    database_ = std::make_unique<SQLite::Database>(
      file().string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE,
      busy_milliseconds);
  return *database_;
}

void demo_device::execute(const std::string& statements) {
  with_sqlite(name_, [&] {
    SQLite::Transaction transaction{database(),
                                    SQLite::TransactionBehavior::IMMEDIATE};
    database().exec(statements);
    transaction.commit();
  });
}

std::string demo_device::read(const std::string& query) {
  return with_sqlite(name_, [&] {
    std::string text;
    SQLite::Statement rows{database(), query};
    while (rows.executeStep()) {
      for (int i = 0; i < rows.getColumnCount(); ++i)
        text += (i == 0 ? "" : "|") + rows.getColumn(i).getString();
      text += "\n";
    }
    return text;
  });
}

index_digest demo_device::digest_index() {
  // It is made with the first row.
  if (read("SELECT 1 FROM sqlite_schema WHERE name = 'entry'").empty())
    return {};
  return with_sqlite(name_, [&] {
    index_digest found;
    row_hash hash;
    SQLite::Statement rows{database(),
                           "SELECT location, path, kind, size, modified"
                           " FROM entry ORDER BY location, path"};
    for (; rows.executeStep(); ++found.rows)
      for (int i = 0; i < rows.getColumnCount(); ++i)
        hash.add(rows.getColumn(i).getString());
    found.digest = hash.value();
    return found;
  });
}

} // namespace lockstep::cli
