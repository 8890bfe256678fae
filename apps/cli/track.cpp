#include "apps/cli/track.hpp"

#include "apps/cli/library_view.hpp"
#include "apps/cli/open_device.hpp"
#include "persistence/table_schema.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

namespace lockstep::cli {

namespace {

struct track_arguments {
  std::string library;
  std::vector<std::string> tables;
  bool all = false;
  std::vector<std::string> models;
  std::vector<std::string> excluded;
  std::vector<std::string> policies;
};

/// TABLE=NAME or TABLE.COLUMN, in two.
expected<std::pair<std::string, std::string>>
in_two(const std::string& text, char between, const std::string& like) {
  const auto at = text.find(between);
  if (at == std::string::npos || at == 0 || at + 1 == text.size())
    return fail(errc::invalid_argument,
                "\"" + text + "\" makes no sense here; write " + like + ".");
  return std::pair{text.substr(0, at), text.substr(at + 1)};
}

/// Whether it is the index of files, which each device makes for itself, and
/// not a table of the application's with the same name.
bool has_index(library& of) {
  return of
    .query("SELECT location, path, kind, size, modified, inode FROM entry"
           " LIMIT 0")
    .get()
    .has_value();
}

/// The tables that a command is about, as the library has them.
struct chosen_tables {
  std::vector<table_list::table> tables;
  /// Those that --all leaves out, with the reason.
  std::vector<table_list::table> refused;
};

expected<chosen_tables> choose_all(library& of,
                                   const std::vector<table_list::table>& list) {
  chosen_tables chosen;
  for (const auto& one : list)
    if (!one.refusal.empty())
      chosen.refused.push_back(one);
    else if (one.name != "entry" || !has_index(of))
      chosen.tables.push_back(one);
  if (chosen.tables.empty() && chosen.refused.empty())
    return fail(errc::not_found,
                "The library's database has no tables yet; make them there with"
                " the program that uses them, then track them.");
  return chosen;
}

bool is_same(const std::string& a, const std::string& b) {
  auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

/// In the library's order, which has parents before those that refer to them.
expected<chosen_tables> choose(const std::vector<table_list::table>& list,
                               const std::vector<std::string>& names) {
  chosen_tables chosen;
  for (const auto& name : names)
    if (std::none_of(list.begin(), list.end(),
                     [&](const auto& one) { return is_same(one.name, name); }))
      return fail(errc::not_found,
                  "There is no table \"" + name
                    + "\" in the library's database; check the name.");
  for (const auto& one : list)
    if (std::any_of(names.begin(), names.end(),
                    [&](const auto& name) { return is_same(one.name, name); }))
      chosen.tables.push_back(one);
  return chosen;
}

expected<std::vector<track_table>>
requests_of(const track_arguments& what,
            const std::vector<table_list::table>& tables) {
  std::vector<track_table> list;
  for (const auto& table : tables)
    list.push_back({table.name, {}, {}});
  auto find = [&](const std::string& table) -> expected<track_table*> {
    auto found
      = std::find_if(list.begin(), list.end(), [&](const track_table& one) {
          return is_same(one.table, table);
        });
    if (found == list.end())
      return fail(errc::invalid_argument,
                  "Table \"" + table + "\" is not among those to track.");
    return &*found;
  };
  using setter
    = std::function<expected<void>(track_table&, const std::string&)>;
  auto set_each
    = [&](const std::vector<std::string>& given, char between,
          const std::string& like, const setter& set) -> expected<void> {
    for (const auto& text : given) {
      auto parts = in_two(text, between, like);
      if (!parts)
        return tl::make_unexpected(parts.error());
      auto one = find(parts->first);
      if (!one)
        return tl::make_unexpected(one.error());
      if (auto taken = set(**one, parts->second); !taken)
        return taken;
    }
    return {};
  };
  auto set_model = [](track_table& one, const std::string& name) {
    one.model = name;
    return expected<void>{};
  };
  auto exclude = [](track_table& one, const std::string& column) {
    one.excluded.push_back(column);
    return expected<void>{};
  };
  auto set_policy
    = [](track_table& one, const std::string& name) -> expected<void> {
    one.policy = parse_conflict_policy(name);
    if (!one.policy)
      return fail(errc::invalid_argument,
                  "There is no policy \"" + name
                    + "\"; choose last_writer_wins, first_writer_wins,"
                      " field_merge, union or host.");
    return {};
  };
  return set_each(what.models, '=', "--model TABLE=NAME", set_model)
    .and_then([&] {
      return set_each(what.excluded, '.', "--exclude TABLE.COLUMN", exclude);
    })
    .and_then([&] {
      return set_each(what.policies, '=', "--policy TABLE=POLICY", set_policy);
    })
    .map([&] { return std::move(list); });
}

/// How the tables stand.
expected<std::vector<table_list::table>> tables_of(library& of) {
  return of.tables().get().map(
    [](table_list&& found) { return std::move(found.tables); });
}

/// Whether tracking failed for a reason that other tables do not share.
bool is_about_the_table(errc code) {
  return code == errc::invalid_argument || code == errc::constraint
         || code == errc::too_large || code == errc::already_exists;
}

expected<std::uint64_t> count_rows(library& of, const std::string& table) {
  return of.query("SELECT count(*) FROM " + sql_name(table))
    .get()
    .map([](const sql_rows& found) {
      return static_cast<std::uint64_t>(
        std::get<std::int64_t>(found.rows.front().front()));
    });
}

void add(const tracked_table& one, std::uint64_t rows, nlohmann::json& json,
         text_table& table) {
  json.push_back({{"table", one.table},
                  {"model", one.model},
                  {"key", to_string(one.key)},
                  {"rows", rows},
                  {"policy", to_string(one.policy)}});
  table.rows.push_back(
    {one.table, one.model, std::string{to_string(one.key)}, with_commas(rows)});
}

expected<void> track(const options& given, const track_arguments& what,
                     library& of) {
  auto list = tables_of(of);
  if (!list)
    return tl::make_unexpected(list.error());
  auto chosen = what.all ? choose_all(of, *list) : choose(*list, what.tables);
  if (!chosen)
    return tl::make_unexpected(chosen.error());
  auto requests = requests_of(what, chosen->tables);
  if (!requests)
    return tl::make_unexpected(requests.error());
  nlohmann::json tracked = nlohmann::json::array();
  text_table table{{"TABLE", "MODEL", "KEY", "ROWS"}, {}};
  for (const auto& request : *requests) {
    auto one = of.track(request).get();
    if (!one && what.all && is_about_the_table(one.error().code)) {
      chosen->refused.push_back({request.table, {}, one.error().message});
      continue;
    }
    const auto rows = one.and_then(
      [&](const tracked_table& done) { return count_rows(of, done.table); });
    if (!rows)
      return tl::make_unexpected(rows.error());
    add(*one, *rows, tracked, table);
  }
  nlohmann::json answer{{"tracked", tracked}};
  if (what.all)
    answer["refused"] = nlohmann::json::array();
  auto text = to_text(table);
  for (const auto& one : chosen->refused) {
    answer["refused"].push_back({{"table", one.name}, {"reason", one.refusal}});
    text += "not tracked: " + one.refusal + "\n";
  }
  given.out().answer(answer, text);
  return {};
}

expected<void> untrack(const options& given, const track_arguments& what,
                       library& of) {
  auto list = tables_of(of);
  if (!list)
    return tl::make_unexpected(list.error());
  auto chosen = choose(*list, what.tables);
  if (!chosen)
    return tl::make_unexpected(chosen.error());
  for (const auto& one : chosen->tables)
    if (one.model.empty())
      return fail(errc::not_found,
                  "The table \"" + one.name
                    + "\" is not tracked; lockstep track starts it.");
  auto json = nlohmann::json::array();
  std::string text;
  std::reverse(chosen->tables.begin(), chosen->tables.end());
  for (const auto& table : chosen->tables) {
    auto one = of.untrack(table.name).get();
    if (!one)
      return tl::make_unexpected(one.error());
    json.push_back(one->table);
    text += one->table + " is not tracked any more; its rows stay\n";
  }
  given.out().answer({{"untracked", json}}, text);
  return {};
}

expected<void> run_track(const options& given, const track_arguments& what) {
  if (what.all != what.tables.empty())
    return fail(errc::invalid_argument,
                "Name the tables to track, or write --all.");
  return with_library(given, what.library, [&](library& of) {
    return expect_complete(of).and_then([&] { return track(given, what, of); });
  });
}

expected<void> run_untrack(const options& given, const track_arguments& what) {
  return with_library(given, what.library,
                      [&](library& of) { return untrack(given, what, of); });
}

} // namespace

void add_track(commands& all) {
  auto what = std::make_shared<track_arguments>();
  auto& track = add_about_library(
    all, what, "track",
    "Start syncing tables of a library's database; existing rows enter the log",
    "lockstep track photos picture --exclude picture.thumbnail", run_track);
  track.add_option("tables", what->tables, "Tables of its database")
    ->type_name("TABLE");
  track.add_flag("--all", what->all,
                 "Every table that can be, but for the device's own index of"
                 " files");
  track
    .add_option("--model", what->models,
                "What the table's records are called in the log")
    ->type_name("TABLE=NAME")
    ->allow_extra_args(false);
  track
    .add_option("--exclude", what->excluded,
                "A column that stays on this device")
    ->type_name("TABLE.COLUMN")
    ->allow_extra_args(false);
  track
    .add_option("--policy", what->policies,
                "What becomes of changes that two devices made of one row, on"
                " all devices: last_writer_wins (the default),"
                " first_writer_wins, field_merge, union or host")
    ->type_name("TABLE=POLICY")
    ->allow_extra_args(false);

  auto& untrack = add_about_library(
    all, what, "untrack", "Stop syncing tables on this device; their rows stay",
    "lockstep untrack photos picture", run_untrack);
  untrack.add_option("tables", what->tables, "Tables of its database")
    ->type_name("TABLE")
    ->required();
}

} // namespace lockstep::cli
