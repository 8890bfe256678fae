#include "apps/cli/all_commands.hpp"

#include "apps/cli/backup.hpp"
#include "apps/cli/check.hpp"
#include "apps/cli/conflicts.hpp"
#include "apps/cli/demo.hpp"
#include "apps/cli/index.hpp"
#include "apps/cli/init.hpp"
#include "apps/cli/libraries.hpp"
#include "apps/cli/log.hpp"
#include "apps/cli/manual.hpp"
#include "apps/cli/members.hpp"
#include "apps/cli/pairing.hpp"
#include "apps/cli/repair.hpp"
#include "apps/cli/serve.hpp"
#include "apps/cli/set_aside.hpp"
#include "apps/cli/track.hpp"
#include "apps/cli/vacuum.hpp"
#include "apps/cli/wait.hpp"

namespace lockstep::cli {

void add_all_commands(commands& all) {
  add_init(all);
  add_libraries(all);
  add_track(all);
  add_serve(all);
  add_pairing(all);
  add_members(all);
  add_log(all);
  add_conflicts(all);
  add_set_aside(all);
  add_wait(all);
  add_check(all);
  add_backup(all);
  add_repair(all);
  add_vacuum(all);
  add_index(all);
  add_demo(all);
  add_manual(all);
}

} // namespace lockstep::cli
