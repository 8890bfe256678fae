#include "apps/cli/check.hpp"

#include "apps/cli/json_shapes.hpp"
#include "apps/cli/open_device.hpp"

#include <memory>

namespace lockstep::cli {

namespace {

struct check_arguments {
  std::string library;
};

nlohmann::json report_json(const library_report& found) {
  auto tables = nlohmann::json::object();
  for (const auto& one : found.digest.tables)
    tables[one.name] = digest_text(one.digest);
  return {{"ok", found.count == 0},
          {"problems", found.problems},
          {"sequence", found.digest.sequence.value},
          {"log_digest", digest_text(found.digest.log)},
          {"tables", tables}};
}

std::string report_text(const library_report& found) {
  text_table table{{"TABLE", "ROWS", "DIGEST"}, {}};
  for (const auto& one : found.digest.tables)
    table.rows.push_back(
      {one.name, with_commas(one.rows), digest_text(one.digest)});
  table.rows.push_back({"(log)", with_commas(found.digest.sequence.value),
                        digest_text(found.digest.log)});
  auto text = to_text(table);
  for (const auto& one : found.problems)
    text += one + "\n";
  return text;
}

expected<void> examine(const options& given, const check_arguments& what,
                       bool& told) {
  return with_library(given, what.library, [&](library& of) -> expected<void> {
    const auto found = of.check().get();
    if (!found && found.error().code == errc::corrupt)
      return fail(errc::corrupt, found.error().message
                                   + " Mend it with lockstep repair \""
                                   + of.name() + "\".");
    if (!found)
      return tl::make_unexpected(found.error());
    given.out().answer(report_json(*found), report_text(*found));
    told = true;
    if (found->count != 0)
      return fail(errc::corrupt,
                  "\"" + of.name() + "\" has " + with_commas(found->count)
                    + (found->count == 1 ? " problem" : " problems")
                    + ", see above; where a file is damaged, lockstep repair"
                      " mends it.");
    return {};
  });
}

/// A library that is too damaged to be opened has a problem as well.
expected<void> check(const options& given, const check_arguments& what) {
  bool told = false;
  auto checked = examine(given, what, told);
  if (!told && !checked && checked.error().code == errc::corrupt)
    given.out().answer({{"ok", false}, {"problems", {checked.error().message}}},
                       "");
  return checked;
}

} // namespace

void add_check(commands& all) {
  add_about_library(all, std::make_shared<check_arguments>(), "check",
                    "Examine a library: its files, its log, and that its"
                    " tables are what\nthe log says. Digests are equal on"
                    " devices that are in step",
                    "lockstep check photos --json", check);
}

} // namespace lockstep::cli
