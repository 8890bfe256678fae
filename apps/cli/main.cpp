#include "apps/cli/commands.hpp"
#include "apps/cli/demo.hpp"

int main(int count, char** arguments) {
  using namespace lockstep::cli;
  commands all;
  add_demo(all);
  return static_cast<int>(all.run(count, arguments));
}
