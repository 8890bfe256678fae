#include "tests/apps/program.hpp"
#include "tests/apps/spoiled_file.hpp"

#include <fstream>

#include <sqlite3.h>

namespace lockstep {
namespace {

using testing::HasSubstr;

constexpr int rows = 2'000;

/// A library of one device, whose files a test spoils.
class repair_program : public lockstep_program {
protected:
  repair_program() {
    write("CREATE TABLE note(id TEXT PRIMARY KEY NOT NULL, text TEXT, stars"
          " INTEGER, seen TEXT);"
          "CREATE TABLE town(id INTEGER PRIMARY KEY, name TEXT UNIQUE);"
          "CREATE TABLE street(name TEXT, town INTEGER REFERENCES town);"
          "CREATE INDEX by_town ON street(town);"
          "CREATE TABLE own(id INTEGER PRIMARY KEY, text TEXT);"
          "CREATE TABLE counted(n INTEGER);"
          "CREATE TRIGGER counts AFTER INSERT ON note BEGIN INSERT INTO"
          " counted VALUES(1); END;"
          "CREATE VIEW starred AS SELECT * FROM note WHERE stars > 3");
    EXPECT_EQ(run("init").status, 0);
    EXPECT_EQ(
      run("library create notes --database '" + file().string() + "'").status,
      0);
    EXPECT_EQ(run("track notes note town street --exclude note.seen").status,
              0);
    const auto numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT"
                         " i + 1 FROM n WHERE i < "
                         + std::to_string(rows) + ")";
    write(numbers
          + "INSERT INTO note SELECT printf('%05d', i), 'a note of some"
            " length', i % 5, 'seen ' || i FROM n;"
          + numbers + "INSERT INTO town SELECT i * 3, 'town ' || i FROM n;"
          + numbers + "INSERT INTO street SELECT 'street ' || i, i * 3 FROM n;"
          + numbers + "INSERT INTO own SELECT i, 'mine ' || i FROM n");
    EXPECT_EQ(run("wait notes").status, 0);
    write("UPDATE note SET text = 'changed' WHERE stars = 2;"
          "DELETE FROM note WHERE stars = 1");
    EXPECT_EQ(run("wait notes").status, 0);
    before_ = content();
  }

  [[nodiscard]] std::filesystem::path file() const {
    return folder / "notes.sqlite";
  }
  [[nodiscard]] std::filesystem::path log() const {
    for (const auto& one :
         std::filesystem::directory_iterator{data() / "libraries"})
      if (std::filesystem::is_directory(one))
        return one.path() / "sync.db";
    return {};
  }

  void write(const std::string& statements) const {
    SQLite::Database{file().string(),
                     SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, 10'000}
      .exec(statements);
  }

  /// All that is in the tables of the application, excluded columns too, and
  /// its schema.
  [[nodiscard]] std::string content() const {
    SQLite::Database database{file().string(), SQLite::OPEN_READWRITE, 5'000};
    std::string text;
    for (const auto* query :
         {"SELECT id || '|' || text || '|' || stars || '|' || ifnull(seen, '') "
          "FROM note"
          " ORDER BY id",
          "SELECT id || name FROM town ORDER BY id",
          "SELECT name || town FROM street ORDER BY name",
          "SELECT id || text FROM own ORDER BY id",
          "SELECT name || sql FROM sqlite_schema WHERE name IN ('by_town',"
          " 'counts', 'starred') ORDER BY name"}) {
      SQLite::Statement one{database, query};
      while (one.executeStep())
        text += one.getColumn(0).getString() + "\n";
    }
    return text;
  }

  /// Says what to do, and does nothing; the check says that it is not fine.
  void expect_damage_is_told() {
    const auto refused = run("status notes --json");
    EXPECT_EQ(refused.status, 1) << refused.out;
    EXPECT_THAT(refused.err, HasSubstr("lockstep repair \"notes\""));
    const auto checked = run("--json check notes");
    EXPECT_EQ(checked.status, 1);
    EXPECT_EQ(checked.json()["ok"], false) << checked.out << checked.err;
    EXPECT_FALSE(checked.json()["problems"].empty());
  }

  nlohmann::json repair() {
    const auto done = run("--json repair notes");
    EXPECT_EQ(done.status, 0) << done.err;
    return done.json();
  }

  void expect_whole() {
    EXPECT_EQ(run("wait notes").status, 0);
    const auto checked = run("--json check notes");
    EXPECT_EQ(checked.status, 0) << checked.out << checked.err;
    // And goes on.
    const auto id = "later " + std::to_string(++later_);
    write("INSERT INTO note VALUES('" + id + "', 'x', 5, '')");
    EXPECT_EQ(run("wait notes").status, 0);
    EXPECT_THAT(run("log notes --since 1 --limit 100000 --json").out,
                HasSubstr(id));
  }

  /// Gives a table a constraint that some of its rows break, as a schema that
  /// was changed by hand has it.
  void constrain(const std::string& from, const std::string& to) const {
    write("PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql ="
          " replace(sql, '"
          + from + "', '" + to + "')");
  }

  /// Damages the root of an index alone, so that all rows can be read.
  void damage_index() const {
    checkpoint(file());
    SQLite::Database now{file().string(), SQLite::OPEN_READWRITE, 5'000};
    const auto page = now
                        .execAndGet("SELECT rootpage FROM sqlite_schema WHERE"
                                    " name = 'by_town'")
                        .getInt64();
    flip(file(), static_cast<std::uintmax_t>(page - 1) * 4096, 64);
  }

  /// Changes rows as a page that goes bad does: no trigger notices.
  void write_past_triggers(const std::string& statements) const {
    SQLite::Database now{file().string(), SQLite::OPEN_READWRITE, 5'000};
    sqlite3_db_config(now.getHandle(), SQLITE_DBCONFIG_ENABLE_TRIGGER, 0,
                      nullptr);
    now.exec(statements);
  }

  /// Changes what a file says of its own schema.
  static void garble(const std::filesystem::path& file,
                     const std::string& change) {
    SQLite::Database{file.string(), SQLite::OPEN_READWRITE, 5'000}.exec(
      "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET " + change);
  }

  /// Changes text on the first page of a table or an index, and nowhere else.
  void garble_page(const std::string& of, const std::string& from,
                   const std::string& to) const {
    checkpoint(file());
    SQLite::Database opened{file().string(), SQLite::OPEN_READONLY};
    SQLite::Statement root{opened, "SELECT rootpage FROM sqlite_schema WHERE"
                                   " name = ?"};
    root.bind(1, of);
    ASSERT_TRUE(root.executeStep());
    const auto begin
      = static_cast<std::size_t>(root.getColumn(0).getInt64() - 1) * 4096;
    std::ifstream now{file(), std::ios::binary};
    std::string all{std::istreambuf_iterator<char>{now}, {}};
    for (auto at = all.find(from, begin); at < begin + 4096;
         at = all.find(from, at + 1))
      all.replace(at, from.size(), to);
    std::ofstream{file(), std::ios::binary} << all;
  }

  /// What was damaged is kept.
  static bool is_kept(const nlohmann::json& file) {
    return file["kept_as"].is_string()
           && std::filesystem::exists(file["kept_as"].get<std::string>());
  }

  std::string before_;
  int later_ = 0;
};

TEST_F(repair_program, does_nothing_to_a_library_that_is_whole) {
  const auto done = repair();
  EXPECT_EQ(done["log"]["found"], "whole");
  EXPECT_EQ(done["database"]["found"], "whole");
  EXPECT_EQ(done["sequence"], done["sequence_before"]);
  EXPECT_EQ(done["compared"], true);
  EXPECT_THAT(run("repair notes").out, HasSubstr("nothing is damaged"));
  EXPECT_TRUE(content() == before_);
  expect_whole();
}

TEST_F(repair_program, says_that_tables_were_not_compared_with_half_a_log) {
  SQLite::Database{file().string(), SQLite::OPEN_READWRITE, 5'000}.exec(
    "UPDATE lockstep_state SET fetching_anew = 1");
  EXPECT_EQ(repair()["compared"], false);
  EXPECT_THAT(run("repair notes").out, HasSubstr("not compared with its log"));
}

TEST_F(repair_program, makes_a_log_anew_from_the_tables) {
  for (const auto how : all_spoils) {
    SCOPED_TRACE(name_of(how));
    before_ = content();
    spoil_file(log(), how);
    if (how != spoil::flip_pages)
      expect_damage_is_told();
    const auto done = repair();
    EXPECT_NE(done["log"]["found"], "whole") << done;
    EXPECT_EQ(is_kept(done["log"]), how != spoil::remove);
    EXPECT_EQ(done["database"]["found"], "whole");
    EXPECT_EQ(done["needs_members"], false);
    EXPECT_TRUE(content() == before_);
    expect_whole();
  }
}

TEST_F(repair_program, finds_one_byte_of_the_log_that_is_not_as_it_was) {
  SQLite::Database{log().string(), SQLite::OPEN_READWRITE, 5'000}.exec(
    "UPDATE sync_log SET data = replace(data, 'a note', 'A note') WHERE"
    " sequence = 1000");
  EXPECT_EQ(run("check notes").status, 1);
  const auto done = repair();
  EXPECT_THAT(done["log"]["reason"].get<std::string>(),
              HasSubstr("entry 1000 is not as it was written"));
  EXPECT_LT(done["sequence"], 1'000);
  EXPECT_TRUE(content() == before_);
  expect_whole();
}

TEST_F(repair_program, is_what_the_check_advises_for_a_log_that_opens) {
  {
    std::fstream file{log(), std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(60 * 4'096);
    file << std::string(8 * 4'096, '?');
  }
  const auto checked = run("check notes");
  EXPECT_EQ(checked.status, 1);
  EXPECT_THAT(checked.err, HasSubstr("lockstep repair \"notes\""));
}

TEST_F(repair_program, reads_a_log_that_was_cut_short_up_to_there) {
  const auto first = run("--json status notes").json()["sequence"];
  // A transaction each.
  for (int i = 0; i < 8; ++i) {
    write("UPDATE own SET text = text; UPDATE town SET name = name || 'x'");
    ASSERT_EQ(run("wait notes").status, 0);
  }
  before_ = content();
  checkpoint(log());
  const auto size = std::filesystem::file_size(log());
  std::filesystem::resize_file(log(), size * 9 / 10 / 4096 * 4096 + 100);
  const auto done = repair();
  EXPECT_EQ(done["log"]["found"], "damaged");
  EXPECT_LT(first, done["sequence"]) << done;
  EXPECT_LT(done["sequence"], done["sequence_before"]);
  EXPECT_TRUE(content() == before_);
  // The old one is as it was found.
  EXPECT_EQ(
    std::filesystem::file_size(done["log"]["kept_as"].get<std::string>()),
    size * 9 / 10 / 4096 * 4096 + 100);
  expect_whole();
}

TEST_F(repair_program, makes_a_database_anew_from_the_log) {
  spoil_file(file(), spoil::flip_pages);
  const auto done = repair();
  EXPECT_EQ(done["database"]["found"], "damaged") << done;
  EXPECT_TRUE(is_kept(done["database"]));
  EXPECT_EQ(done["log"]["found"], "whole");
  EXPECT_EQ(done["rebuilt"], (nlohmann::json{"note", "town", "street"}))
    << done;
  // What is in the log is all there.
  SQLite::Database now{file().string(), SQLite::OPEN_READWRITE, 5'000};
  EXPECT_EQ(now.execAndGet("SELECT count(*) FROM note").getInt(), rows * 4 / 5);
  EXPECT_EQ(now.execAndGet("SELECT count(*) FROM town").getInt(), rows);
  EXPECT_EQ(now.execAndGet("SELECT count(*) FROM street").getInt(), rows);
  EXPECT_EQ(now.execAndGet("SELECT max(id) FROM town").getInt(), rows * 3);
  EXPECT_EQ(now
              .execAndGet("SELECT count(*) FROM sqlite_schema WHERE name IN"
                          " ('by_town', 'counts', 'starred')")
              .getInt(),
            3);
  // And most of what is in no log: two pages are damaged.
  EXPECT_LT(rows - 400, now.execAndGet("SELECT count(*) FROM own").getInt());
  EXPECT_LT(0, now
                 .execAndGet("SELECT count(*) FROM note WHERE seen IS NOT"
                             " NULL")
                 .getInt());
  expect_whole();
}

TEST_F(repair_program, says_what_is_lost_with_a_database) {
  for (const auto how : {spoil::empty, spoil::garbage, spoil::remove}) {
    SCOPED_TRACE(name_of(how));
    spoil_file(file(), how);
    const auto done = repair();
    EXPECT_NE(done["database"]["found"], "whole");
    ASSERT_FALSE(done["lost"].empty());
    EXPECT_THAT(done["lost"][0].get<std::string>(), HasSubstr("track them"));
    write("CREATE TABLE note(id TEXT PRIMARY KEY NOT NULL, text TEXT, stars"
          " INTEGER, seen TEXT)");
    ASSERT_EQ(run("track notes note --exclude note.seen").status, 0);
    SQLite::Database now{file().string(), SQLite::OPEN_READWRITE, 5'000};
    EXPECT_EQ(now.execAndGet("SELECT count(*) FROM note").getInt(),
              rows * 4 / 5);
    EXPECT_EQ(run("check notes").status, 0);
  }
}

TEST_F(repair_program, keeps_what_waits_in_a_damaged_database) {
  // Not captured yet: it is not in the log, and is read with the rest.
  write("PRAGMA user_version = 77");
  damage_index();
  const auto done = repair();
  EXPECT_EQ(done["database"]["found"], "damaged");
  EXPECT_EQ(done["lost"], nlohmann::json::array());
  EXPECT_TRUE(content() == before_);
  SQLite::Database again{file().string(), SQLite::OPEN_READWRITE, 5'000};
  EXPECT_EQ(again.execAndGet("PRAGMA user_version").getInt(), 77);
  expect_whole();
}

TEST_F(repair_program, finds_rows_that_are_not_what_the_log_says) {
  // What a program wrote just before, and nobody captured yet, is no damage.
  write("UPDATE note SET text = 'news' WHERE id = '00010';"
        "INSERT INTO town VALUES(4, 'new town')");
  before_ = content();
  write_past_triggers("UPDATE note SET text = 'gone bad' WHERE id = '00005';"
                      "DELETE FROM town WHERE id = 9");
  const auto done = repair();
  EXPECT_EQ(done["log"]["found"], "whole");
  EXPECT_EQ(done["database"]["found"], "damaged");
  EXPECT_THAT(done["database"]["reason"].get<std::string>(),
              HasSubstr("is not what its log says"));
  EXPECT_TRUE(is_kept(done["database"]));
  EXPECT_EQ(done["lost"], nlohmann::json::array());
  EXPECT_TRUE(content() == before_);
  expect_whole();
}

TEST_F(repair_program, says_which_rows_the_log_does_not_know) {
  write_past_triggers("INSERT INTO town VALUES(4, 'new town');"
                      "UPDATE note SET text = 'gone bad' WHERE id = '00005'");
  const auto done = repair();
  EXPECT_EQ(done["database"]["found"], "damaged");
  EXPECT_EQ(done["lost"],
            nlohmann::json::array({"Table \"town\" has 1 rows that the log does"
                                   " not know. Only the old file has them."}));
  EXPECT_TRUE(content() == before_);
}

TEST_F(repair_program, leaves_rows_that_would_not_be_as_the_log_says_again) {
  write("UPDATE note SET text = NULL WHERE id = '00005'");
  EXPECT_EQ(run("wait notes").status, 0);
  write_past_triggers("UPDATE note SET text = 'none' WHERE id = '00005'");
  constrain("text TEXT, stars", "text TEXT NOT NULL, stars");
  before_ = content();
  const auto done = repair();
  EXPECT_EQ(done["database"]["found"], "whole") << done;
  EXPECT_THAT(done["database"]["reason"].get<std::string>(),
              HasSubstr("it stays as it is"));
  EXPECT_EQ(done["lost"], nlohmann::json::array());
  EXPECT_TRUE(content() == before_);
}

TEST_F(repair_program, fills_a_new_column_before_it_compares) {
  write("ALTER TABLE note ADD COLUMN more TEXT");
  write("UPDATE note SET more = 'm' WHERE id = '00005'");
  EXPECT_EQ(run("wait notes").status, 0);
  write("ALTER TABLE note DROP COLUMN more");
  EXPECT_EQ(run("wait notes").status, 0);
  write("ALTER TABLE note ADD COLUMN more TEXT");
  EXPECT_EQ(repair()["database"]["found"], "whole");
}

TEST_F(repair_program, leaves_a_library_of_a_newer_version_alone) {
  for (const auto& one : {file(), log()}) {
    SCOPED_TRACE(one);
    SQLite::Database{one.string(), SQLite::OPEN_READWRITE, 5'000}.exec(
      "INSERT INTO lockstep_migration SELECT max(number) + 1, 'newer', ''"
      " FROM lockstep_migration");
    const auto refused = run("repair notes");
    EXPECT_NE(refused.status, 0);
    EXPECT_THAT(refused.err, HasSubstr("newer version of Lockstep"));
    SQLite::Database{one.string(), SQLite::OPEN_READWRITE, 5'000}.exec(
      "DELETE FROM lockstep_migration WHERE name = 'newer'");
  }
  EXPECT_TRUE(content() == before_);
  expect_whole();
}

TEST_F(repair_program, keeps_tables_whose_names_are_like_those_of_lockstep) {
  write("CREATE TABLE my_lockstep_map(id INTEGER PRIMARY KEY, text TEXT);"
        "INSERT INTO my_lockstep_map VALUES(1, 'mine')");
  damage_index();
  EXPECT_EQ(repair()["database"]["found"], "damaged");
  SQLite::Database again{file().string(), SQLite::OPEN_READWRITE, 5'000};
  EXPECT_EQ(again.execAndGet("SELECT text FROM my_lockstep_map").getString(),
            "mine");
}

TEST_F(repair_program, leaves_rows_of_which_the_log_knows_nothing) {
  write_past_triggers("INSERT INTO town VALUES(4, 'new town')");
  before_ = content();
  EXPECT_EQ(repair()["database"]["found"], "whole");
  EXPECT_TRUE(content() == before_);
}

TEST_F(repair_program, finds_a_garbled_name_in_the_schema_of_lockstep) {
  for (const auto* change :
       {"sql = replace(sql, 'applied_sequence', 'applied_sequenza')",
        "name = 'loccstep_set_aside' WHERE name = 'lockstep_set_aside'",
        "sql = replace(sql, 'CREATE TRIGGER', 'CREATE TRIGGEZ') WHERE name"
        " LIKE 'lockstep_insert_%'"}) {
    SCOPED_TRACE(change);
    garble(file(), change);
    expect_damage_is_told();
    const auto done = repair();
    EXPECT_EQ(done["log"]["found"], "whole");
    EXPECT_EQ(done["database"]["found"], "damaged");
    EXPECT_TRUE(content() == before_);
    expect_whole();
    before_ = content();
  }
}

TEST_F(repair_program, tells_the_garbled_one_of_a_model_s_names) {
  for (const auto* row : {"xtreetstreet", "streetxtreet"}) {
    SCOPED_TRACE(row);
    garble_page("lockstep_model", "streetstreet", row);
    const auto done = repair();
    EXPECT_EQ(done["database"]["found"], "damaged");
    EXPECT_TRUE(content() == before_);
    expect_whole();
    before_ = content();
  }
}

TEST_F(repair_program, keeps_a_model_s_name_of_which_the_log_knows_nothing) {
  write("DELETE FROM street");
  EXPECT_EQ(run("wait notes").status, 0);
  garble_page("sqlite_autoindex_lockstep_model_1", "street", "xtreet");
  EXPECT_EQ(repair()["database"]["found"], "damaged");
  const auto end = run("--json status notes").json()["sequence"];
  write("INSERT INTO street VALUES('new', 3)");
  EXPECT_EQ(run("wait notes").status, 0);
  EXPECT_THAT(run("log notes --json --since " + end.dump()).out,
              HasSubstr("\"street\""));
}

TEST_F(repair_program, finds_a_garbled_kind_of_key) {
  // No table is of that kind: it would be left alone as another one.
  SQLite::Database{file().string(), SQLite::OPEN_READWRITE, 5'000}.exec(
    "UPDATE lockstep_model SET key_kind = 'intecer'");
  EXPECT_NE(run("check notes").status, 0);
  EXPECT_EQ(repair()["database"]["found"], "damaged");
  EXPECT_TRUE(content() == before_);
  expect_whole();
}

TEST_F(repair_program, finds_a_broken_constraint_of_a_table_of_its_own) {
  for (const auto& damaged : {log(), file()}) {
    SCOPED_TRACE(damaged);
    const std::string is_strict = "'applied_at TEXT NOT NULL'";
    const std::string is_lax = "'applied_at TEXT'";
    garble(damaged, "sql = replace(sql, " + is_strict + ", " + is_lax + ")");
    SQLite::Database{damaged.string(), SQLite::OPEN_READWRITE, 5'000}.exec(
      "UPDATE lockstep_migration SET applied_at = NULL WHERE number = 1");
    garble(damaged, "sql = replace(sql, " + is_lax + ", " + is_strict + ")");
    EXPECT_NE(run("check notes").status, 0);
    const auto done = repair();
    EXPECT_EQ(done[damaged == log() ? "log" : "database"]["found"], "damaged");
    EXPECT_TRUE(content() == before_);
    expect_whole();
    before_ = content();
  }
}

TEST_F(repair_program, finds_a_garbled_place_of_a_newest_entry) {
  // Its entries look like ones that others came after.
  SQLite::Database{file().string(), SQLite::OPEN_READWRITE, 5'000}.exec(
    "UPDATE lockstep_identity SET sequence = sequence + 256 WHERE sequence ="
    " (SELECT min(sequence) FROM lockstep_identity)");
  EXPECT_NE(run("check notes").status, 0);
  EXPECT_EQ(repair()["database"]["found"], "damaged");
  EXPECT_TRUE(content() == before_);
  expect_whole();
}

TEST_F(repair_program, finds_a_garbled_name_in_the_schema_of_the_log) {
  garble(log(), "sql = replace(sql, 'transaction_end', 'transaction_enz')");
  EXPECT_EQ(run("check notes").status, 1);
  const auto done = repair();
  EXPECT_EQ(done["log"]["found"], "damaged");
  EXPECT_THAT(done["log"]["reason"].get<std::string>(),
              HasSubstr("is not as it was made"));
  EXPECT_TRUE(content() == before_);
  expect_whole();
}

TEST_F(repair_program, takes_no_row_that_breaks_a_later_constraint_for_damage) {
  constrain("text TEXT, stars", "text TEXT CHECK(length(text) < 10), stars");
  write("UPDATE own SET text = NULL WHERE id = 7");
  constrain("own(id INTEGER PRIMARY KEY, text TEXT)",
            "own(id INTEGER PRIMARY KEY, text TEXT NOT NULL)");
  before_ = content();
  const auto done = repair();
  EXPECT_EQ(done["database"]["found"], "whole") << done;
  EXPECT_TRUE(content() == before_);
  const auto checked = run("--json check notes");
  EXPECT_EQ(checked.status, 1);
  EXPECT_THAT(checked.json()["problems"].dump(),
              testing::AllOf(HasSubstr("breaks a constraint"),
                             testing::Not(HasSubstr("database is damaged"))));
}

TEST_F(repair_program, keeps_rows_that_break_a_later_check) {
  constrain("text TEXT, stars", "text TEXT CHECK(length(text) < 10), stars");
  constrain("own(id INTEGER PRIMARY KEY, text TEXT)",
            "own(id INTEGER PRIMARY KEY, text TEXT CHECK(length(text) < 7))");
  before_ = content();
  damage_index();
  const auto done = repair();
  EXPECT_EQ(done["database"]["found"], "damaged");
  EXPECT_EQ(done["lost"], nlohmann::json::array());
  EXPECT_TRUE(content() == before_);
}

TEST_F(repair_program, says_how_many_rows_it_leaves_out) {
  write("UPDATE own SET text = NULL WHERE id IN (7, 70)");
  constrain("own(id INTEGER PRIMARY KEY, text TEXT)",
            "own(id INTEGER PRIMARY KEY, text TEXT NOT NULL)");
  damage_index();
  const auto done = repair();
  ASSERT_EQ(done["lost"].size(), 1U) << done;
  EXPECT_THAT(done["lost"][0].get<std::string>(),
              HasSubstr("2 rows of table \"own\""));
  SQLite::Database now{file().string(), SQLite::OPEN_READWRITE, 5'000};
  EXPECT_EQ(now.execAndGet("SELECT count(*) FROM own").getInt(), rows - 2);
  expect_whole();
}

TEST_F(repair_program, ends_one_that_was_cut_off) {
  spoil_file(log(), spoil::cut);
  // As a crash leaves it between moving the old one and putting the new one.
  ASSERT_EQ(run("repair notes").status, 0);
  const auto mended = log();
  for (const auto* suffix : {"-wal", "-shm"})
    std::filesystem::remove(mended.string() + suffix);
  checkpoint(mended);
  std::filesystem::rename(mended, mended.string() + ".repaired");
  EXPECT_EQ(run("wait notes").status, 0);
  EXPECT_TRUE(content() == before_);
  expect_whole();
}

TEST_F(repair_program, whoever_has_nobody_to_fetch_the_log_from_goes_on) {
  std::ofstream{data() / "lockstep.ini"}
    << "[leadership]\nheartbeat=100ms\ntimeout=300ms\nlease=500ms\n";
  // As where a member gave back its log, and the others are lost since then.
  write("UPDATE lockstep_state SET fetching_anew = 1");
  SQLite::Database{log().string(), SQLite::OPEN_READWRITE, 5'000}.exec(
    "UPDATE leadership SET leader = zeroblob(16), lease_end = 0");
  write("INSERT INTO note VALUES('meanwhile', 'x', 5, '')");
  EXPECT_EQ(run("wait notes --timeout 2s").status, 4);
  EXPECT_EQ(run("repair notes --alone").status, 0);
  expect_whole();
}

} // namespace
} // namespace lockstep
