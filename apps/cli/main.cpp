#include "apps/cli/all_commands.hpp"
#include "persistence/sqlite_file.hpp"

int main(int count, char** arguments) {
  lockstep::prepare_sqlite();
  lockstep::cli::commands all;
  lockstep::cli::add_all_commands(all);
  return static_cast<int>(all.run(count, arguments));
}
