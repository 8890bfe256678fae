#include "apps/cli/track.hpp"

#include "apps/cli/open_device.hpp"

#include <algorithm>
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

/// Tables of the host's own: no virtual ones with what they consist of, and not
/// the index of files, which is each device's own.
constexpr auto select_host_tables = R"sql(
  SELECT name FROM sqlite_master AS one
  WHERE type = 'table' AND name <> 'entry' AND sql NOT LIKE 'CREATE VIRTUAL%'
    AND substr(name, 1, 7) <> 'sqlite_' AND substr(name, 1, 9) <> 'lockstep_'
    AND NOT EXISTS (SELECT 1 FROM sqlite_master AS virtual
                    WHERE virtual.sql LIKE 'CREATE VIRTUAL%'
                      AND substr(one.name, 1, length(virtual.name) + 1)
                        = virtual.name || '_')
  ORDER BY name
)sql";

expected<std::vector<std::string>> host_tables(library& of) {
  auto rows = of.query(select_host_tables).get();
  return rows.map([](const sql_rows& found) {
    std::vector<std::string> names;
    for (const auto& row : found.rows)
      names.push_back(std::get<std::string>(row.front()));
    return names;
  });
}

expected<std::vector<track_table>> requests_of(const track_arguments& what,
                                               library& of) {
  std::vector<track_table> list;
  auto tables = what.all ? host_tables(of) : what.tables;
  if (!tables)
    return tl::make_unexpected(tables.error());
  for (const auto& table : *tables)
    list.push_back({table, {}, {}});
  auto find = [&](const std::string& table) -> expected<track_table*> {
    auto found
      = std::find_if(list.begin(), list.end(), [&](const track_table& one) {
          return one.table == table;
        });
    if (found == list.end())
      return fail(errc::invalid_argument,
                  "Table \"" + table + "\" is not among those to track.");
    return &*found;
  };
  for (const auto& text : what.models) {
    auto parts = in_two(text, '=', "--model TABLE=NAME");
    if (!parts)
      return tl::make_unexpected(parts.error());
    auto one = find(parts->first);
    if (!one)
      return tl::make_unexpected(one.error());
    (*one)->model = parts->second;
  }
  for (const auto& text : what.excluded) {
    auto parts = in_two(text, '.', "--exclude TABLE.COLUMN");
    if (!parts)
      return tl::make_unexpected(parts.error());
    auto one = find(parts->first);
    if (!one)
      return tl::make_unexpected(one.error());
    (*one)->excluded.push_back(parts->second);
  }
  return list;
}

expected<void> run_track(const options& given, const track_arguments& what) {
  if (what.all != what.tables.empty())
    return fail(errc::invalid_argument,
                "Name the tables to track, or write --all.");
  auto device = open_device::at(given);
  if (!device)
    return tl::make_unexpected(device.error());
  auto of = device->open(what.library);
  if (!of)
    return tl::make_unexpected(of.error());
  auto requests = requests_of(what, *of);
  if (!requests)
    return tl::make_unexpected(requests.error());
  auto json = nlohmann::json::array();
  text_table table{{"TABLE", "MODEL", "ROWS"}, {}};
  for (const auto& request : *requests) {
    auto tracked = of->track(request).get();
    if (!tracked)
      return tl::make_unexpected(tracked.error());
    json.push_back({{"table", tracked->table},
                    {"model", tracked->model},
                    {"rows", tracked->rows}});
    table.rows.push_back(
      {tracked->table, tracked->model, with_commas(tracked->rows)});
  }
  given.out().answer({{"tracked", json}}, table);
  return {};
}

} // namespace

void add_track(commands& all) {
  auto what = std::make_shared<track_arguments>();
  auto& track = all.add(
    "track",
    "Start syncing tables of a library's database; existing rows enter the log",
    "lockstep track photos picture --exclude picture.thumbnail",
    [what](const options& given) { return run_track(given, *what); });
  track
    .add_option("library", what->library,
                "Its id, the start of its id, or its name")
    ->type_name("LIBRARY")
    ->required();
  track.add_option("tables", what->tables, "Tables of its database")
    ->type_name("TABLE");
  track.add_flag("--all", what->all,
                 "Every table, but for the device's own index of files");
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
}

} // namespace lockstep::cli
