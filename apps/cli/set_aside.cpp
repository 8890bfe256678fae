#include "apps/cli/set_aside.hpp"

#include "apps/cli/json_shapes.hpp"
#include "apps/cli/open_device.hpp"

#include <memory>

namespace lockstep::cli {

namespace {

struct set_aside_arguments {
  std::string library;
  bool again = false;
};

expected<void> set_aside(const options& given,
                         const set_aside_arguments& what) {
  return with_library(given, what.library, [&](library& of) -> expected<void> {
    auto found = of.set_aside(what.again).get();
    if (!found)
      return tl::make_unexpected(found.error());
    auto json = nlohmann::json::array();
    text_table table{{"SEQUENCE", "MODEL", "RECORD", "CHANGE", "REASON"}, {}};
    for (const auto& one : found->list) {
      table.rows.push_back({to_string(one.what.sequence), one.what.model,
                            to_string(one.what.record),
                            std::string{to_string(one.what.change)},
                            one.reason});
      auto shape = entry_json(one.what);
      shape["reason"] = one.reason;
      json.push_back(std::move(shape));
    }
    given.out().answer(json, table);
    return {};
  });
}

} // namespace

void add_set_aside(commands& all) {
  auto what = std::make_shared<set_aside_arguments>();
  add_about_library(
    all, what, "set-aside",
    "What the log says and the tables here cannot show, with the reason",
    "lockstep set-aside photos --again", set_aside)
    .add_flag("--again", what->again, "Tries first whether it fits by now");
}

} // namespace lockstep::cli
