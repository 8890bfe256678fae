#include "tests/apps/hosted_nodes.hpp"
#include "tests/apps/written_tables.hpp"
#include "tests/persistence/table_dump.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdlib>
#include <fstream>

namespace lockstep {
namespace {

using namespace std::chrono_literals;

/// A program of another kind that writes SQLite files.
struct foreign_writer {
  std::string name;
  /// The shell's command; FILE and its input are added.
  std::string command;
};

void PrintTo(const foreign_writer& which, std::ostream* out) {
  *out << which.name;
}

const foreign_writer writers[]{
  {"c", LOCKSTEP_FOREIGN_WRITER},
  {"shell", "sqlite3 -batch -bail -cmd '.timeout 10000'"},
  {"python", "python3 -c 'import sqlite3, sys;"
             " c = sqlite3.connect(sys.argv[1], timeout=10,"
             " isolation_level=None); c.executescript(sys.stdin.read())'"}};

/// Three devices with the same tables in files of their own, and one more file
/// that never meets Lockstep.
class foreign_writers : public hosted_nodes,
                        public testing::WithParamInterface<foreign_writer> {
protected:
  void SetUp() override {
    if (GetParam().name == "python"
        && std::system("python3 -c 'import sqlite3' 2> /dev/null") != 0)
      GTEST_SKIP() << "There is no python3 with its sqlite3 here.";
    for (const auto* name : {"reference", "a", "b", "c"})
      write(file_of(name), joined(&written_tables::schema));
    for (const auto* name : {"a", "b", "c"})
      add_device(name);
  }

  std::filesystem::path file_of(const std::string& name) {
    return in_memory / (name + ".db");
  }

  void add_device(const std::string& name) {
    node_options how;
    how.data_directory = in_memory / name;
    how.device_name = name;
    how.limits = short_times();
    auto opened = node::open(shared, std::move(how));
    ASSERT_TRUE(opened) << opened.error().message;
    auto made = devices.empty()
                  ? opened->create_library("tables", file_of(name))
                  : devices.front().own.share_library(devices.front().tables,
                                                      *opened, file_of(name));
    ASSERT_TRUE(made) << made.error().message;
    devices.push_back({name, std::move(*opened), *made});
    for (const auto& what : all)
      for (const auto& table : what.tables) {
        auto tracked = within(made->track({table, {}, {}}));
        ASSERT_TRUE(tracked) << table << ": " << tracked.error().message;
      }
  }

  /// What the program runs, of all tables one after another.
  std::string joined(std::string written_tables::*part) const {
    std::string sql;
    for (const auto& what : all)
      sql += what.*part + ";\n";
    return sql;
  }

  /// The program runs these statements in a process of its own.
  void write(const std::filesystem::path& file, const std::string& sql) {
    const auto input = in_memory / "input.sql";
    std::ofstream{input} << "PRAGMA foreign_keys=ON;\n" << sql;
    const auto command = GetParam().command + " '" + file.string() + "' < '"
                         + input.string() + "' > /dev/null";
    EXPECT_EQ(std::system(command.c_str()), 0) << sql;
  }

  /// Writes on one device as on the reference.
  void write_on(std::size_t device, const std::string& sql) {
    write(file_of(devices.at(device).name), sql);
    write(file_of("reference"), sql);
  }

  /// All that was written is in the log and applied everywhere.
  bool come_together() {
    return eventually([&] {
      sequence_number head;
      for (auto& one : devices) {
        SQLite::Database file{file_of(one.name).string(),
                              SQLite::OPEN_READWRITE, 10'000};
        if (file.execAndGet("SELECT count(*) FROM lockstep_touched").getInt())
          return false;
        const auto now = within(one.tables.status());
        if (!now || now->pending != 0
            || now->applied != now->head.position.sequence
            || (head && head != now->applied))
          return false;
        head = now->applied;
      }
      return true;
    });
  }

  void expect_equal(const written_tables& what) {
    SQLite::Database reference{file_of("reference").string(),
                               SQLite::OPEN_READWRITE, 10'000};
    for (auto& one : devices) {
      SQLite::Database file{file_of(one.name).string(), SQLite::OPEN_READWRITE,
                            10'000};
      for (const auto& table : what.tables)
        EXPECT_EQ(dump_of(file, table, false), dump_of(reference, table, false))
          << what.name << " on device " << one.name;
    }
  }

  struct device {
    std::string name;
    node own;
    library tables;
  };

  const std::vector<written_tables> all = all_written_tables();
  temporary_directory in_memory{memory_folder()};
  std::vector<device> devices;
};

TEST_P(foreign_writers, leave_the_same_on_all_devices_and_without_lockstep) {
  write_on(0, joined(&written_tables::first));
  ASSERT_TRUE(come_together());
  write_on(1, joined(&written_tables::second));
  ASSERT_TRUE(come_together());
  for (const auto& what : all)
    expect_equal(what);
  for (auto& one : devices) {
    const auto now = within(one.tables.status());
    ASSERT_TRUE(now) << now.error().message;
    EXPECT_EQ(now->conflicts, 0U) << one.name;
    EXPECT_EQ(now->set_aside, 0U) << one.name;
    EXPECT_EQ(now->capture_problem, "") << one.name;
    SQLite::Database file{file_of(one.name).string(), SQLite::OPEN_READWRITE,
                          10'000};
    EXPECT_EQ(complaints_about(file), "") << one.name;
    EXPECT_EQ(file
                .execAndGet("SELECT count(*) FROM words WHERE words MATCH"
                            " 'pen'")
                .getInt(),
              2)
      << one.name;
  }
}

INSTANTIATE_TEST_SUITE_P(writers, foreign_writers, testing::ValuesIn(writers),
                         [](const auto& which) { return which.param.name; });

} // namespace
} // namespace lockstep
