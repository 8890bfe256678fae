#pragma once

#include "tests/simulation/draft.hpp"
#include "tests/simulation/stepper.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace lockstep::simulation {

/// Edits of a hundred records, which all devices change at once. Each value
/// that is written says which one its writer saw there, "t#7;<t#3;", and what
/// is deleted is noted in the table `gone` first: so the log by itself tells
/// what was written over by somebody who knew of it, and what was not.
class page_edits {
public:
  /// `texts` counts what is written anywhere.
  page_edits(stepper& draws, std::uint64_t& texts);

  /// So many edits, each of another record.
  draft make(std::uint64_t edits);

private:
  void add_to(draft& to);
  void edit_page(draft& to, const std::string& table);
  void delete_page(draft& to, const std::string& table);
  void edit_tags(draft& to);
  void change_name(draft& to);
  void change_child(draft& to, const std::string& table);
  /// Notes what is about to be deleted, and deletes it.
  void remove(draft& to, const std::string& table, const std::string& which,
              const std::vector<sql_value>& values);

  std::string fresh_text();
  std::string fresh_id();
  /// One of the few records that the table ever has, and that the draft does
  /// not edit yet.
  std::string any_of(const std::string& table);
  std::string any_name();

  stepper& draws_;
  std::uint64_t& texts_;
  std::map<std::string, std::vector<std::string>> records_;
  std::set<std::string> edited_;
};

} // namespace lockstep::simulation
