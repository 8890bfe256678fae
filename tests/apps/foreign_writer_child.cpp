// A program that knows nothing of Lockstep: runs the SQL of its input on a
// file with SQLite's own interface.
//   foreign_writer_child FILE < SQL
#include <sqlite3.h>

#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>

int main(int count, char** arguments) {
  if (count != 2)
    return 3;
  sqlite3* database = nullptr;
  if (sqlite3_open_v2(arguments[1], &database,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr)
      != SQLITE_OK)
    return 2;
  sqlite3_busy_timeout(database, 10'000);
  const std::string sql{std::istreambuf_iterator<char>{std::cin}, {}};
  char* problem = nullptr;
  const int result
    = sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &problem);
  if (problem != nullptr)
    std::fprintf(stderr, "%s\n", problem);
  sqlite3_free(problem);
  sqlite3_close(database);
  return result == SQLITE_OK ? 0 : 1;
}
