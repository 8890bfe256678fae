#include "apps/cli/commands.hpp"
#include "apps/cli/conflicts.hpp"
#include "apps/cli/demo.hpp"
#include "apps/cli/init.hpp"
#include "apps/cli/libraries.hpp"
#include "apps/cli/log.hpp"
#include "apps/cli/set_aside.hpp"
#include "apps/cli/track.hpp"

int main(int count, char** arguments) {
  using namespace lockstep::cli;
  commands all;
  add_init(all);
  add_libraries(all);
  add_track(all);
  add_log(all);
  add_conflicts(all);
  add_set_aside(all);
  add_demo(all);
  return static_cast<int>(all.run(count, arguments));
}
