#include "apps/cli/repair.hpp"

#include "apps/cli/open_device.hpp"

#include <memory>

namespace lockstep::cli {

namespace {

struct repair_arguments {
  std::string library;
  bool alone = false;
};

nlohmann::json text_or_null(const std::string& text) {
  return text.empty() ? nlohmann::json{} : nlohmann::json(text);
}

nlohmann::json file_json(const repaired_file& one) {
  return {{"path", one.path},
          {"found", to_string(one.found)},
          {"reason", text_or_null(one.why)},
          {"kept_as", text_or_null(one.kept_as)}};
}

nlohmann::json repair_json(const known_library& what,
                           const library_repair& done) {
  return {{"library", to_string(what.id)},
          {"name", what.name},
          {"log", file_json(done.log)},
          {"database", file_json(done.database)},
          {"sequence_before", done.known.value},
          {"sequence", done.held.value},
          {"unlogged", done.unlogged},
          {"pending", done.pending},
          {"rebuilt", done.rebuilt},
          {"lost", done.lost},
          {"compared", done.compared},
          {"needs_members", done.needs_members}};
}

std::string file_text(const repaired_file& one) {
  if (one.found == file_state::whole)
    return (one.why.empty() ? one.path + " is whole" : one.why) + "\n";
  auto text = one.why + " A new one was made";
  if (!one.kept_as.empty())
    text += "; the old one is " + one.kept_as;
  return text + ".\n";
}

std::string repair_text(const known_library& what, const library_repair& done) {
  auto text = file_text(done.log) + file_text(done.database);
  if (done.held < done.known)
    text += "The log went to entry " + to_string(done.known)
            + " and goes to entry " + to_string(done.held) + " now; "
            + with_commas(done.unlogged)
            + " records are newer than that in the tables, where they stay.\n";
  for (const auto& table : done.rebuilt)
    text += "Table \"" + table + "\" was made anew from the log.\n";
  if (done.pending != 0)
    text += with_commas(done.pending)
            + " changes wait for their place in the log.\n";
  for (const auto& sentence : done.lost)
    text += "Lost: " + sentence + "\n";
  if (done.needs_members)
    text += "\"" + what.name
            + "\" gets the rest from its other members, and cannot be read"
              " before that: connect it (lockstep serve). Where they are gone"
              " for good, lockstep repair --alone goes on without them.\n";
  else if (done.did_anything())
    text += "\"" + what.name + "\" is mended\n";
  else
    text += "nothing is damaged in \"" + what.name + "\"\n";
  if (!done.did_anything() && !done.compared)
    text
      += "Its tables were not compared with its log, of which a part is still"
         " to come: once it is here, lockstep check does that.\n";
  return text;
}

expected<void> repair(const options& given, const repair_arguments& what) {
  auto device = open_device::at(given);
  if (!device)
    return tl::make_unexpected(device.error());
  const auto of = device->find(what.library);
  if (!of)
    return tl::make_unexpected(of.error());
  const auto done = device->node().repair_library(of->id, what.alone);
  if (!done)
    return tl::make_unexpected(done.error());
  given.out().answer(repair_json(*of, *done), repair_text(*of, *done));
  return {};
}

} // namespace

void add_repair(commands& all) {
  auto what = std::make_shared<repair_arguments>();
  add_about_library(
    all, what, "repair",
    "Mend a library whose sync.db or database is damaged or gone: each from\n"
    "what is left of it and from the other, the rest from other members. The"
    " damaged\nfile is kept beside",
    "lockstep repair photos", repair)
    .add_flag("--alone", what->alone,
              "Go on without what only other members have");
}

} // namespace lockstep::cli
