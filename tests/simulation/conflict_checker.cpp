#include "tests/simulation/conflict_checker.hpp"

#include "tests/simulation/log_checker.hpp"
#include "tests/simulation/tables.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace lockstep::simulation {

namespace {

using json = nlohmann::json;
using texts = std::set<std::string>;

/// What an image was written with, and what its writers say that they saw.
struct values {
  texts written;
  texts seen;
};

values values_in(const std::string& image) {
  values found;
  for (std::size_t at = 0; (at = image.find("t#", at)) != std::string::npos;) {
    const auto end = image.find(';', at);
    if (end == std::string::npos)
      break;
    const bool is_seen = at > 0 && image[at - 1] == '<';
    (is_seen ? found.seen : found.written)
      .insert(image.substr(at, end - at + 1));
    at = end;
  }
  return found;
}

bool is_page(const std::string& model) {
  return model != gone_table
         && std::ranges::any_of(page_tables(), [&](const shared_table& one) {
              return one.name == model;
            });
}

/// What an open conflict keeps.
struct kept_image {
  std::string kind;
  std::string model;
  std::string record;
  /// Whose change it was.
  std::string device;
  std::uint64_t device_sequence = 0;
  std::string image;
};

kept_image kept_in(const entry& conflict) {
  const auto all = json::parse(conflict.data);
  const auto& loser = all.at("loser");
  return {all.at("kind"),
          all.at("model"),
          all.at("record"),
          loser.at("device"),
          loser.at("device_sequence"),
          loser.at("data").is_null() ? std::string{} : loser.at("data").dump()};
}

/// All that a log says of the pages.
class history {
public:
  explicit history(const std::vector<entry>& log) : log_(log) {
    for (const auto& what : log) {
      newest_[{what.model, to_string(what.record)}] = &what;
      if (what.change == change_type::remove)
        continue;
      if (what.model == conflict_model) {
        const auto kept = kept_in(what);
        note(kept.model, kept.image);
      } else {
        note(what.model, what.data);
      }
    }
    for (const auto& [record, what] : newest_) {
      if (what->change == change_type::remove)
        continue;
      if (record.first == conflict_model) {
        auto kept = kept_in(*what);
        if (is_page(kept.model))
          open_.push_back(std::move(kept));
      } else if (is_page(record.first)) {
        in_rows_.merge(values_in(what->data).written);
      }
    }
  }

  void check(verdict& result, std::map<std::string, std::uint64_t>& counts) {
    texts in_conflicts;
    for (const auto& one : open_)
      in_conflicts.merge(values_in(one.image).written);
    for (const auto& text : written_) {
      if (written_over_.contains(text))
        continue;
      const bool in_row = in_rows_.contains(text);
      if (!in_row && !in_conflicts.contains(text))
        result.fail("P3: " + text
                    + " was written over by somebody who had not seen it, and"
                      " is in no conflict"
                    + told_of(text));
      ++counts[in_row ? "texts in rows" : "texts in conflicts"];
    }
    check_each_once(result);
    for (const auto& one : open_) {
      ++counts["open " + one.kind + " of " + one.model];
      check_is_lost(one, result, counts);
    }
  }

private:
  void note(const std::string& model, const std::string& image) {
    if (model != gone_table && !is_page(model))
      return;
    auto found = values_in(image);
    (model == gone_table ? written_over_ : written_).merge(found.written);
    written_over_.merge(found.seen);
  }

  /// Every entry about the record that the text was written into.
  std::string told_of(const std::string& text) {
    const auto holds = [&](const entry& what) {
      return what.model != gone_table
             && what.data.find(text) != std::string::npos;
    };
    const auto found = std::ranges::find_if(log_, holds);
    if (found == log_.end())
      return {};
    const auto record
      = to_string(found->model == conflict_model ? *parse_id<record_id>(
                    json::parse(found->data).at("record").get<std::string>())
                                                 : found->record);
    std::string told;
    for (const auto& what : log_)
      if (to_string(what.record) == record
          || what.data.find(record) != std::string::npos)
        told += "\n  " + named(what) + " " + what.model + " "
                + std::string{to_string(what.change)} + " " + what.data;
    return told;
  }

  void check_each_once(verdict& result) {
    std::set<std::tuple<std::string, std::string, std::uint64_t>> changes;
    std::set<std::tuple<std::string, std::string, std::string>> images;
    for (const auto& one : open_) {
      const bool is_new
        = changes.insert({one.record, one.device, one.device_sequence}).second;
      if (!is_new
          || (!one.image.empty()
              && !images.insert({one.device, one.record, one.image}).second))
        result.fail("P3: two open conflicts keep operation "
                    + std::to_string(one.device_sequence) + " of "
                    + one.device.substr(0, 8) + ": " + one.model + " "
                    + one.image
                    + told_of(*values_in(one.image).written.begin()));
    }
  }

  void check_is_lost(const kept_image& one, verdict& result,
                     std::map<std::string, std::uint64_t>& counts) {
    if (one.image.empty())
      return;
    const auto row = newest_.find({one.model, one.record});
    if (row != newest_.end() && row->second->change != change_type::remove
        && json::parse(row->second->data).dump() == one.image)
      result.fail("P3: a conflict keeps what stands in the row: " + one.model
                  + " " + one.image);
    const auto written = values_in(one.image).written;
    if (std::ranges::none_of(written, [&](const std::string& text) {
          return !in_rows_.contains(text) && !written_over_.contains(text);
        }))
      ++counts["conflicts that are over"];
  }

  const std::vector<entry>& log_;
  std::map<std::pair<std::string, std::string>, const entry*> newest_;
  std::vector<kept_image> open_;
  texts written_;
  texts written_over_;
  texts in_rows_;
};

} // namespace

void check_conflicts(const std::vector<entry>& log, verdict& result,
                     std::map<std::string, std::uint64_t>& counts) {
  history{log}.check(result, counts);
}

std::set<record_id> open_conflicts(const std::vector<entry>& log) {
  std::set<record_id> open;
  for (const auto& what : log) {
    if (what.model != conflict_model)
      continue;
    if (what.change == change_type::remove)
      open.erase(what.record);
    else
      open.insert(what.record);
  }
  return open;
}

} // namespace lockstep::simulation
