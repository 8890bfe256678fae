#include "bench/plain_library.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>

namespace lockstep::bench {

namespace {

constexpr const char* create_log = R"sql(
  CREATE TABLE sync_log(
    sequence INTEGER PRIMARY KEY,
    ballot INTEGER NOT NULL,
    device INTEGER NOT NULL,
    device_sequence INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    model INTEGER NOT NULL,
    record_id BLOB NOT NULL,
    change_type INTEGER NOT NULL,
    version INTEGER NOT NULL,
    previous INTEGER NOT NULL,
    transaction_end INTEGER NOT NULL,
    chain INTEGER NOT NULL,
    data TEXT NOT NULL) STRICT)sql";

void must_be_ok(sqlite3* file, int answer) {
  if (answer == SQLITE_OK || answer == SQLITE_DONE || answer == SQLITE_ROW)
    return;
  std::fprintf(stderr, "lockstep-bench: %s\n", sqlite3_errmsg(file));
  std::exit(1);
}

void run(sqlite3* file, const char* sql) {
  must_be_ok(file, sqlite3_exec(file, sql, nullptr, nullptr, nullptr));
}

sqlite3* open_file(const std::filesystem::path& file, const char* durability) {
  sqlite3* opened = nullptr;
  must_be_ok(opened, sqlite3_open(file.c_str(), &opened));
  must_be_ok(opened, sqlite3_busy_timeout(opened, 60'000));
  run(opened, "PRAGMA journal_mode=WAL");
  run(opened, durability);
  return opened;
}

sqlite3_stmt* prepare(sqlite3* file, const char* sql) {
  sqlite3_stmt* made = nullptr;
  must_be_ok(file, sqlite3_prepare_v3(file, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                      &made, nullptr));
  return made;
}

void bind_fields(sqlite3_stmt* to, int first, const item& one) {
  auto text = [&](int at, const std::string& value) {
    sqlite3_bind_text(to, at, value.data(), static_cast<int>(value.size()),
                      SQLITE_STATIC);
  };
  text(first, one.title);
  text(first + 1, one.place);
  sqlite3_bind_int64(to, first + 2, one.amount);
  sqlite3_bind_double(to, first + 3, one.price);
}

void step(sqlite3* file, sqlite3_stmt* what) {
  must_be_ok(file, sqlite3_step(what));
  must_be_ok(file, sqlite3_reset(what));
}

} // namespace

plain_library::plain_library(const std::filesystem::path& folder, key how)
  : how_(how),
    table_(open_file(folder / "plain.db", "PRAGMA synchronous=NORMAL")),
    log_(open_file(folder / "plain_log.db", "PRAGMA synchronous=FULL")) {
  run(table_, how == key::uuid ? create_item : create_foreign_item);
  run(log_, create_log);
  insert_ = prepare(table_, "INSERT INTO item VALUES(?, ?, ?, ?, ?)");
  append_ = prepare(log_, "INSERT INTO sync_log VALUES(?, 1, 1, ?, ?, 1, ?, 1,"
                          " 1, 0, ?, ?, ?)");
  read_ = prepare(log_, "SELECT * FROM sync_log WHERE sequence > ? ORDER BY"
                        " sequence LIMIT ?");
  update_
    = prepare(table_, "UPDATE item SET amount = amount + 1 WHERE rowid = ?"
                      " RETURNING *");
}

plain_library::~plain_library() {
  sqlite3_finalize(insert_);
  sqlite3_finalize(update_);
  sqlite3_finalize(append_);
  sqlite3_finalize(read_);
  sqlite3_close(table_);
  sqlite3_close(log_);
}

template <class Change> void plain_library::change_both(Change change) {
  run(table_, "BEGIN IMMEDIATE");
  run(log_, "BEGIN IMMEDIATE");
  change();
  run(log_, "COMMIT");
  run(table_, "COMMIT");
}

void plain_library::write(std::span<const item> list) {
  change_both([&] {
    for (const auto& one : list)
      write_one(one);
  });
}

void plain_library::update(std::span<const std::int64_t> rows) {
  change_both([&] {
    for (const auto row : rows)
      update_one(row);
  });
}

void plain_library::read_log(std::int64_t after, std::int64_t limit) {
  sqlite3_bind_int64(read_, 1, after);
  sqlite3_bind_int64(read_, 2, limit);
  std::int64_t sum = 0;
  int answer = SQLITE_ROW;
  while ((answer = sqlite3_step(read_)) == SQLITE_ROW)
    for (int i = 0; i < sqlite3_column_count(read_); ++i)
      sum += sqlite3_column_type(read_, i) == SQLITE_INTEGER
               ? sqlite3_column_int64(read_, i)
               : *static_cast<const char*>(sqlite3_column_blob(read_, i));
  must_be_ok(log_, answer);
  must_be_ok(log_, sqlite3_reset(read_));
  // So that nobody leaves the reading out.
  volatile auto kept = sum;
  static_cast<void>(kept);
}

void plain_library::write_one(const item& one) {
  ++last_;
  const auto id = to_string(one.uuid);
  std::array<char, 512> image{};
  int size = 0;
  if (how_ == key::uuid) {
    sqlite3_bind_text(insert_, 1, id.data(), static_cast<int>(id.size()),
                      SQLITE_STATIC);
    size = std::snprintf(
      image.data(), image.size(),
      R"({"amount":%lld,"place":"%s","price":%.17g,"title":"%s","uuid":"%s"})",
      static_cast<long long>(one.amount), one.place.c_str(), one.price,
      one.title.c_str(), id.c_str());
  } else {
    sqlite3_bind_int64(insert_, 1, last_);
    size = std::snprintf(
      image.data(), image.size(),
      R"({"amount":%lld,"id":%lld,"place":"%s","price":%.17g,"title":"%s"})",
      static_cast<long long>(one.amount), static_cast<long long>(last_),
      one.place.c_str(), one.price, one.title.c_str());
  }
  bind_fields(insert_, 2, one);
  step(table_, insert_);
  append(one.uuid.bytes.data(), image.data(), size);
}

void plain_library::update_one(std::int64_t row) {
  sqlite3_bind_int64(update_, 1, row);
  if (const auto answer = sqlite3_step(update_); answer != SQLITE_ROW)
    must_be_ok(table_, answer == SQLITE_DONE ? SQLITE_NOTFOUND : answer);
  auto text = [this](int at) {
    return reinterpret_cast<const char*>(sqlite3_column_text(update_, at));
  };
  std::array<char, 512> image{};
  const auto size = std::snprintf(
    image.data(), image.size(),
    R"({"amount":%lld,"place":"%s","price":%.17g,"title":"%s","uuid":"%s"})",
    static_cast<long long>(sqlite3_column_int64(update_, 3)), text(2),
    sqlite3_column_double(update_, 4), text(1), text(0));
  const auto record = parse_id<record_id>(text(0)).value_or(record_id{});
  must_be_ok(table_, sqlite3_reset(update_));
  ++last_;
  append(record.bytes.data(), image.data(), size);
}

void plain_library::append(const void* record, const char* image, int size) {
  sqlite3_bind_int64(append_, 1, last_);
  sqlite3_bind_int64(append_, 2, last_);
  sqlite3_bind_int64(append_, 3, last_);
  sqlite3_bind_blob(append_, 4, record, 16, SQLITE_STATIC);
  sqlite3_bind_int64(append_, 5, last_);
  sqlite3_bind_int64(append_, 6, last_ * 0x9e3779b9);
  sqlite3_bind_text(append_, 7, image, size, SQLITE_STATIC);
  step(log_, append_);
}

foreign_program::foreign_program(const std::filesystem::path& file)
  : file_(open_file(file, "PRAGMA synchronous=NORMAL")) {
}

foreign_program::~foreign_program() {
  sqlite3_close(file_);
}

void foreign_program::execute(const char* sql) {
  run(file_, sql);
}

void foreign_program::insert(std::span<const item> list) {
  auto* statement = prepare(file_, "INSERT INTO item(title, place, amount,"
                                   " price) VALUES(?, ?, ?, ?)");
  run(file_, "BEGIN IMMEDIATE");
  for (const auto& one : list) {
    bind_fields(statement, 1, one);
    step(file_, statement);
  }
  run(file_, "COMMIT");
  sqlite3_finalize(statement);
}

} // namespace lockstep::bench
