#include "persistence/tracked_before.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <utility>

namespace lockstep {

namespace {

/// By the model's id.
std::map<std::string, std::string> names_in_index(const readable_rows& damaged,
                                                  const std::string& column,
                                                  int index) {
  std::map<std::string, std::string> found;
  for (const auto& one : damaged.all("SELECT id || '', " + column
                                     + " FROM lockstep_model INDEXED BY"
                                       " sqlite_autoindex_lockstep_model_"
                                     + std::to_string(index)))
    found[text_of(one[0])] = text_of(one[1]);
  return found;
}

} // namespace

std::vector<tracked_before> read_tracked(const readable_rows& damaged) {
  const auto models = names_in_index(damaged, "name", 1);
  const auto tables = names_in_index(damaged, "table_name", 2);
  std::vector<tracked_before> list;
  for (const auto& one :
       damaged.all("SELECT table_name, name, excluded, id || '' FROM"
                   " lockstep_model ORDER BY id")) {
    tracked_before what{text_of(one[0]), text_of(one[1]), {}, {}};
    if (const auto other = tables.find(text_of(one[3]));
        other != tables.end() && damaged.columns_of(what.table).empty())
      what.table = other->second;
    if (const auto other = models.find(text_of(one[3]));
        other != models.end() && other->second != what.model)
      what.model_in_index = other->second;
    const auto excluded
      = nlohmann::json::parse(text_of(one[2]), nullptr, false);
    for (const auto& column : excluded)
      if (column.is_string())
        what.excluded.push_back(column.get<std::string>());
    list.push_back(std::move(what));
  }
  return list;
}

void choose_model(library_store& rebuilt, tracked_before& what) {
  const auto& other = what.model_in_index;
  if (!other.empty() && rebuilt.index.count(what.model) == 0
      && (rebuilt.index.count(other) != 0 || is_same_name(other, what.table)))
    what.model = other;
}

} // namespace lockstep
