#include "persistence/repair_journal.hpp"

#include "persistence/atomic_file.hpp"
#include "persistence/described_file.hpp"

#include <system_error>

namespace lockstep {

namespace {

constexpr int journal_format = 1;

std::filesystem::path journal_of(const library_folder& folder) {
  return folder.path / "repair.json";
}

} // namespace

expected<std::optional<repair_journal>>
read_repair_journal(const library_folder& folder) {
  const auto content = read_described(journal_of(folder), journal_format);
  if (!content && content.error().code == errc::not_found)
    return std::nullopt;
  if (!content && content.error().code != errc::corrupt)
    return tl::make_unexpected(content.error());
  repair_journal found{true, {}};
  if (!content)
    return found;
  try {
    found.log_was_cut = content->at("log_was_cut").get<bool>();
    found.known.value = content->at("known").get<std::uint64_t>();
  } catch (const nlohmann::json::exception&) {
    found.log_was_cut = true;
  }
  return found;
}

expected<void> write_repair_journal(const library_folder& folder,
                                    const repair_journal& what) {
  return write_described(journal_of(folder), {{"format", journal_format},
                                              {"log_was_cut", what.log_was_cut},
                                              {"known", what.known.value}});
}

expected<void> remove_repair_journal(const library_folder& folder) {
  std::error_code problem;
  std::filesystem::remove(journal_of(folder), problem);
  if (problem)
    return tl::make_unexpected(system_failure(
      problem.value(), "Cannot remove " + journal_of(folder).string()));
  return sync_folder(folder.path);
}

} // namespace lockstep
