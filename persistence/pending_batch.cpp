#include "persistence/pending_queue.hpp"
#include "persistence/sqlite_ids.hpp"

#include <optional>
#include <utility>

// What a follower proposes of its queue.
namespace lockstep {

namespace {

/// A transaction beyond either goes to the leader in pieces.
constexpr std::size_t piece_operations = 4'096;
constexpr std::size_t piece_bytes = std::size_t{8} << 20;

} // namespace

/// Operations of a queue, one after the other, if there are any.
class pending_queue::stream {
public:
  stream(prepared& rows, bool any) : rows_(rows) {
    if (any)
      advance();
  }

  [[nodiscard]] bool is_over() const {
    return !head_;
  }

  [[nodiscard]] const operation& head() const {
    return *head_;
  }

  [[nodiscard]] bool comes_before(const stream& other) const {
    return head_ && (!other.head_ || place_ < other.place_);
  }

  operation take() {
    auto taken = std::move(*head_);
    advance();
    return taken;
  }

private:
  void advance() {
    head_.reset();
    if (!rows_->executeStep())
      return;
    head_ = read(*rows_);
    place_ = rows_->getColumn(12).getInt64();
  }

  prepared& rows_;
  std::optional<operation> head_;
  std::int64_t place_ = 0;
};

/// How much of something goes into one batch.
struct pending_queue::budget {
  std::size_t limit = 0;
  std::size_t used = 0;
  std::size_t bytes = 0;

  [[nodiscard]] bool is_left() const {
    return used < limit && bytes < piece_bytes;
  }
};

pending_batch pending_queue::fetch(device_id own, device_sequence_number after,
                                   std::uint32_t limit) {
  auto rows_of_own = select(
    "WHERE device = ? AND device_sequence > ? ORDER BY device_sequence");
  bind_id(*rows_of_own, 1, own);
  rows_of_own->bind(2, static_cast<std::int64_t>(after.value));
  auto rows_of_others = select("WHERE device <> ? ORDER BY id");
  bind_id(*rows_of_others, 1, own);
  stream mine{rows_of_own, true};
  stream others{rows_of_others, has_other_than(own)};

  pending_batch batch;
  if (!mine.is_over())
    batch.follows = begun_before(mine.head());
  budget of_own{limit, 0, 0};
  budget of_others{limit, 0, 0};
  // An own operation waits for no other's: these are given again until their
  // entries come. Another's may hang on the own ones before it.
  for (;;) {
    const bool has_own = !mine.is_over() && of_own.is_left();
    const bool has_others
      = !others.is_over() && of_others.is_left()
        && (mine.is_over() || has_own || others.comes_before(mine));
    if (!has_own && !has_others)
      return batch;
    if (has_own && !(has_others && others.comes_before(mine))) {
      if (!take_transaction(mine, of_own, true, batch.list))
        return batch;
    } else {
      take_transaction(others, of_others, false, batch.list);
    }
  }
}

bool pending_queue::take_transaction(stream& from, budget& left,
                                     bool may_be_piece,
                                     std::vector<operation>& list) {
  const auto device = from.head().device;
  const auto end = from.head().transaction_end;
  for (std::size_t taken = 0; !from.is_over() && from.head().device == device
                              && from.head().transaction_end == end;
       ++taken) {
    if (may_be_piece && taken > 0
        && (left.bytes >= piece_bytes || taken >= piece_operations))
      return false;
    ++left.used;
    left.bytes += from.head().data.size();
    list.push_back(from.take());
  }
  return true;
}

bool pending_queue::has_other_than(device_id own) {
  // By the index; what comes below reads the whole queue.
  auto row = use("SELECT EXISTS(SELECT 1 FROM $ WHERE device < ?1)"
                 " OR EXISTS(SELECT 1 FROM $ WHERE device > ?1)");
  bind_id(*row, 1, own);
  row->executeStep();
  return row->getColumn(0).getInt() != 0;
}

device_sequence_number pending_queue::begun_before(const operation& what) {
  auto row = use("SELECT device_sequence, transaction_end FROM $ WHERE device ="
                 " ? AND device_sequence < ? ORDER BY device_sequence DESC"
                 " LIMIT 1");
  bind_id(*row, 1, what.device);
  row->bind(2, static_cast<std::int64_t>(what.device_sequence.value));
  const auto number = [&](int column) {
    return device_sequence_number{
      static_cast<std::uint64_t>(row->getColumn(column).getInt64())};
  };
  return row->executeStep() && number(1) == what.transaction_end
           ? number(0)
           : device_sequence_number{};
}

} // namespace lockstep
