#include "persistence/draft_rows.hpp"

namespace lockstep {

namespace {

wanted_row wanted_by(const entry& what) {
  return {what.model, what.record, what.change, what.data, standing::canonical};
}

} // namespace

std::vector<wanted_row> draft_rows::all() const {
  std::vector<wanted_row> list;
  auto from = first_;
  for (auto piece = draft_.read(from); !piece.empty();
       piece = draft_.read(from)) {
    for (const auto& what : piece)
      list.push_back(wanted_by(what));
    from = piece.back().sequence + 1;
  }
  return list;
}

void draft_rows::for_each(const action& run) const {
  auto from = first_;
  for (auto piece = draft_.read(from); !piece.empty();
       piece = draft_.read(from)) {
    for (const auto& what : piece)
      // Only a record's last wish counts.
      if (store_.index.find(what.model, what.record).latest == what.sequence)
        run(static_cast<std::size_t>(what.sequence.value - first_.value),
            wanted_by(what));
    from = piece.back().sequence + 1;
  }
}

wanted_row draft_rows::at(std::size_t index) const {
  return wanted_by(entry_at(index));
}

entry draft_rows::entry_at(std::size_t index) const {
  return draft_.find(first_ + index).value();
}

} // namespace lockstep
