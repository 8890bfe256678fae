#pragma once

#include "tests/apps/program.hpp"
#include "tests/processes/served_device.hpp"

#include <functional>
#include <iostream>
#include <memory>

namespace lockstep {

/// Whether something holds in time: for waiting, not for measuring.
inline bool eventually(const std::function<bool()>& holds) {
  using namespace std::chrono_literals;
  const auto end = std::chrono::steady_clock::now() + 60s;
  while (!holds()) {
    if (std::chrono::steady_clock::now() >= end)
      return false;
    std::this_thread::sleep_for(20ms);
  }
  return true;
}

/// Two devices in processes of their own, each with a database of its own.
class two_processes : public lockstep_program {
protected:
  two_processes() {
    make("a");
    EXPECT_EQ(
      on("a", "library create notes --database '" + file("a") + "'").status, 0);
    EXPECT_EQ(on("a", "track notes --all").status, 0);
    make("b");
  }

  ~two_processes() override {
    if (!HasFailure())
      return;
    for (const auto& name : names_) {
      std::ifstream log{complaints(name)};
      std::cout << "--- " << name << "\n" << log.rdbuf() << "\n";
    }
  }

  /// A device with a table in a database of its own.
  void make(const std::string& name) {
    names_.push_back(name);
    EXPECT_EQ(on(name, "init --name " + name).status, 0);
    sql(name, "CREATE TABLE note(id TEXT PRIMARY KEY NOT NULL, text TEXT)");
  }

  [[nodiscard]] std::string file(const std::string& name) const {
    return (folder / (name + ".sqlite")).string();
  }
  [[nodiscard]] std::filesystem::path
  complaints(const std::string& name) const {
    return folder / (name + ".log");
  }
  [[nodiscard]] std::filesystem::path data_of(const std::string& name) const {
    return folder / name;
  }

  ended on(const std::string& name, const std::string& arguments) {
    return run_with("--data '" + data_of(name).string() + "' " + arguments);
  }

  std::unique_ptr<served_device> serve(const std::string& name,
                                       const serving& how = {}) {
    return std::make_unique<served_device>(data_of(name), complaints(name),
                                           how);
  }

  /// What SQLite's own shell answers.
  std::string sql(const std::string& name, const std::string& statement) {
    const auto command = "sqlite3 -batch -cmd '.timeout 10000' '" + file(name)
                         + "' \"" + statement + "\" 2>&1";
    auto* pipe = popen(command.c_str(), "r");
    std::string out;
    char bytes[4096];
    while (const auto size = fread(bytes, 1, sizeof bytes, pipe))
      out.append(bytes, size);
    EXPECT_EQ(pclose(pipe), 0) << command << ": " << out;
    return out;
  }

  std::string notes(const std::string& name) {
    return sql(name, "SELECT id, text FROM note ORDER BY id");
  }

  void write(const std::string& name, const std::string& id) {
    sql(name, "INSERT INTO note VALUES('" + id + "', 'of " + name + "')");
  }

  bool has(const std::string& name, const std::string& id) {
    return sql(name, "SELECT count(*) FROM note WHERE id = '" + id + "'")
           == "1\n";
  }

  std::string invitation(const std::string& more = "") {
    const auto made = on("a", "--json invite notes " + more);
    EXPECT_EQ(made.status, 0) << made.err;
    return made.json().value("invitation", "");
  }

  ended join(const std::string& text, const std::string& name = "b") {
    return on(name,
              "--json join '" + text + "' --database '" + file(name) + "'");
  }

  /// Lets a device into the library of A, which runs.
  void pair(const std::string& name = "b") {
    const auto joined = join(invitation(), name);
    ASSERT_EQ(joined.status, 0) << joined.err;
    const auto tracked = on(name, "track notes --all");
    ASSERT_EQ(tracked.status, 0) << tracked.err;
  }

  nlohmann::json ask(const std::string& name, const std::string& command) {
    const auto answered = on(name, "--json " + command);
    EXPECT_EQ(answered.status, 0) << command << ": " << answered.err;
    return answered.json();
  }

private:
  std::vector<std::string> names_;
};

} // namespace lockstep
