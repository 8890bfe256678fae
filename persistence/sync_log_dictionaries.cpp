#include "persistence/sync_log_dictionaries.hpp"

#include "persistence/sync_log_rows.hpp"

#include <xxhash.h>

#include <array>

namespace lockstep {

namespace {

/// One byte stands for a dictionary, and each takes some 50 KiB of memory.
constexpr std::uint8_t dictionaries_most = 100;

/// Entries after which it is looked again whether the dictionary fits.
constexpr std::uint64_t look_again_after = 16'000;

/// Bytes of images that are read for a dictionary, about.
constexpr std::size_t samples_bytes = std::size_t{1} << 20;

/// In percent of what the old dictionary makes of the newest images.
constexpr std::size_t worth_it_below = 90;

std::int64_t hash_of(std::string_view bytes) {
  return to_sql(XXH64(bytes.data(), bytes.size(), 0));
}

} // namespace

bool sync_log_dictionaries::load(std::uint8_t number) {
  auto row
    = statements_->use("SELECT hash, bytes FROM dictionaries WHERE number = ?");
  row->bind(1, number);
  if (!row->executeStep())
    return false;
  const auto column = row->getColumn(1);
  const auto bytes = bytes_in(column);
  return hash_of(bytes) == row->getColumn(0).getInt64()
         && packer_.add(number, bytes);
}

std::string sync_log_dictionaries::unpacked(std::string_view packed,
                                            record_id record) {
  if (packed.empty())
    found_damage("an entry's packed image is empty");
  const auto number = image_packer::number_in(packed);
  if (!packer_.knows(number) && !load(number))
    found_damage("a dictionary of packed images is damaged or missing");
  auto image = packer_.unpack(packed, record);
  if (!image)
    found_damage("an entry's packed image is damaged");
  return std::move(*image);
}

std::string_view sync_log_dictionaries::packed(const entry& what) {
  if (!how_.compression)
    return {};
  if (!newest_)
    look_for_newest();
  if (look_at_ <= what.sequence)
    renew(what.sequence);
  return *newest_ == 0 ? std::string_view{}
                       : packer_.pack(*newest_, what.data, what.record);
}

void sync_log_dictionaries::look_for_newest() {
  auto row = statements_->use("SELECT number, fits_at FROM dictionaries "
                              "ORDER BY number DESC LIMIT 1");
  if (!row->executeStep()) {
    newest_ = 0;
    look_at_ = {};
    return;
  }
  const auto number = row->getColumn(0).getInt64();
  if (number < 1 || number > 255 || !load(static_cast<std::uint8_t>(number)))
    found_damage("a dictionary of packed images is damaged");
  look_at_.value = from_sql(row->getColumn(1).getInt64()) + look_again_after;
  newest_ = static_cast<std::uint8_t>(number);
}

sync_log_dictionaries::sample_list
sync_log_dictionaries::newest_images(std::uint64_t least, std::uint64_t most) {
  auto rows = statements_->use("SELECT record_id, data FROM sync_log "
                               "ORDER BY sequence DESC LIMIT ?");
  rows->bind(1, to_sql(most));
  sample_list samples;
  std::size_t bytes = 0;
  std::uint64_t seen = 0;
  for (; bytes < samples_bytes && rows->executeStep(); ++seen) {
    const auto record = read_id<record_id>(rows->getColumn(0));
    const auto data = rows->getColumn(1);
    std::string image;
    try {
      image
        = data.isBlob() ? unpacked(bytes_in(data), record) : data.getString();
    } catch (const SQLite::Exception& damage) {
      // That is told to whoever reads the entry; nothing is appended to it.
      if (damage.getErrorCode() != SQLITE_CORRUPT)
        throw;
      continue;
    }
    bytes += image.size();
    if (auto text = shortened(image, record))
      samples.images.push_back(std::move(*text));
  }
  if (bytes < samples_bytes && seen < least)
    samples.missing = least - seen;
  return samples;
}

void sync_log_dictionaries::renew(sequence_number before) {
  const std::uint64_t count = how_.dictionary_samples;
  const auto samples = newest_images(count, *newest_ == 0 ? count : 2 * count);
  if (samples.missing > 0) {
    look_at_ = before + samples.missing;
    return;
  }
  look_at_ = before + look_again_after;
  const sequence_number end{before.value - 1};
  if (const auto made = better_one(samples.images)) {
    insert(*made, end);
  } else if (*newest_ != 0) {
    auto note = statements_->use(
      "UPDATE dictionaries SET fits_at = ? WHERE number = ?");
    note->bind(1, to_sql(end.value));
    note->bind(2, *newest_);
    note->exec();
  }
}

std::optional<std::string>
sync_log_dictionaries::better_one(const std::vector<std::string>& images) {
  if (*newest_ == 0)
    return make_dictionary(images);
  if (*newest_ >= dictionaries_most)
    return std::nullopt;
  // One is always better with what it was made of: it is tried with others.
  std::array<std::vector<std::string>, 2> halves;
  for (std::size_t i = 0; i < images.size(); ++i)
    halves.at(i % 2).push_back(images[i]);
  auto made = make_dictionary(halves[0]);
  image_packer other;
  if (!made || !other.add(1, *made)
      || other.packed_bytes(1, halves[1]) * 100
           >= packer_.packed_bytes(*newest_, halves[1]) * worth_it_below)
    return std::nullopt;
  return made;
}

void sync_log_dictionaries::insert(std::string_view bytes,
                                   sequence_number fits_at) {
  const auto number = static_cast<std::uint8_t>(*newest_ + 1);
  if (!packer_.add(number, bytes))
    return;
  auto add = statements_->use("INSERT INTO dictionaries VALUES(?, ?, ?, ?)");
  add->bind(1, number);
  add->bind(2, to_sql(fits_at.value));
  add->bind(3, hash_of(bytes));
  add->bind(4, static_cast<const void*>(bytes.data()),
            static_cast<int>(bytes.size()));
  add->exec();
  newest_ = number;
}

void sync_log_dictionaries::adopt(std::string_view bytes) {
  how_.compression = true;
  look_for_newest();
  insert(bytes, {});
  look_at_ = sequence_number{look_again_after};
}

std::string sync_log_dictionaries::newest() {
  auto rows = statements_->use(
    "SELECT number, hash, bytes FROM dictionaries ORDER BY number DESC");
  while (rows->executeStep()) {
    const auto column = rows->getColumn(2);
    const auto bytes = bytes_in(column);
    if (hash_of(bytes) == rows->getColumn(1).getInt64())
      return std::string{bytes};
  }
  return {};
}

std::vector<std::int64_t> sync_log_dictionaries::damaged() {
  std::vector<std::int64_t> numbers;
  auto rows = statements_->use("SELECT number, hash, bytes FROM dictionaries");
  while (rows->executeStep()) {
    const auto column = rows->getColumn(2);
    if (hash_of(bytes_in(column)) != rows->getColumn(1).getInt64())
      numbers.push_back(rows->getColumn(0).getInt64());
  }
  return numbers;
}

void sync_log_dictionaries::forget() {
  packer_ = {};
  newest_.reset();
}

} // namespace lockstep
