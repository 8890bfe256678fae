#include "tests/support/memory_disk.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace lockstep {

namespace {

/// What a disk writes as a whole or not at all.
constexpr std::size_t sector = 512;

} // namespace

void memory_file::apply(const change& what, std::string& to) {
  if (what.resizes) {
    to.resize(what.offset);
    return;
  }
  to.resize(std::max(to.size(), what.offset + what.bytes.size()));
  std::memcpy(to.data() + what.offset, what.bytes.data(), what.bytes.size());
}

void memory_file::write(const void* bytes, std::size_t size,
                        std::size_t offset) {
  unflushed_.push_back(
    {false, offset, std::string{static_cast<const char*>(bytes), size}});
  apply(unflushed_.back(), content);
  ++changes;
}

void memory_file::resize(std::size_t size) {
  unflushed_.push_back({true, size, {}});
  apply(unflushed_.back(), content);
  ++changes;
}

void memory_file::flush() {
  for (const auto& what : unflushed_)
    apply(what, durable_);
  unflushed_.clear();
}

std::shared_ptr<memory_file>
memory_file::after_power_cut(unflushed fate, std::mt19937_64& random) const {
  auto left = std::make_shared<memory_file>();
  left->changes = changes + 1;
  left->birth = birth;
  left->content = durable_;
  if (fate == unflushed::kept)
    left->content = content;
  if (fate == unflushed::torn)
    for (auto what : unflushed_) {
      const auto drawn = random() % 4;
      if (drawn == 0)
        continue;
      if (drawn == 1 && what.bytes.size() > sector)
        what.bytes.resize(random() % (what.bytes.size() / sector) * sector);
      apply(what, left->content);
    }
  left->durable_ = left->content;
  return left;
}

memory_volume::memory_volume(std::filesystem::path folder, std::uint64_t seed)
  : folder_(std::move(folder)), random_(seed) {
}

void memory_volume::cut_power(unflushed fate) {
  for (auto& [path, file] : files_) {
    file->gone = true;
    file = file->after_power_cut(fate, random_);
  }
  powered_ = false;
  cut_after_ = never;
}

void memory_volume::cut_power_after(std::uint64_t count, unflushed fate) {
  cut_after_ = steps + count;
  fate_ = fate;
}

void memory_volume::restore_power() {
  powered_ = true;
  cut_after_ = never;
}

bool memory_volume::flip_bit(const std::string& path) {
  auto file = find(path);
  if (!file || file->content.empty())
    return false;
  const auto at = random_() % file->content.size();
  auto byte = static_cast<unsigned char>(file->content[at]);
  byte = static_cast<unsigned char>(byte ^ (1U << random_() % 8));
  file->write(&byte, 1, at);
  file->flush();
  return true;
}

memory_volume::copy memory_volume::take_copy() const {
  copy taken;
  for (const auto& [path, file] : files_)
    taken[path] = file->content;
  return taken;
}

void memory_volume::put_back(const copy& old) {
  std::erase_if(files_,
                [&](const auto& file) { return !old.contains(file.first); });
  for (const auto& [path, content] : old)
    put(path, content, true);
}

std::string memory_volume::content_of(const std::string& path) const {
  const auto file = find(path);
  return file ? file->content : std::string{};
}

void memory_volume::put(const std::string& path, const std::string& content,
                        bool is_new) {
  auto file = std::make_shared<memory_file>();
  const auto before = find(path);
  if (before)
    file->changes = before->changes;
  file->birth = before && !is_new ? before->birth : ++births_;
  file->write(content.data(), content.size(), 0);
  file->flush();
  files_[path] = std::move(file);
}

std::uint64_t memory_volume::changes_of(const std::string& path) const {
  const auto found = files_.find(path);
  return found == files_.end() ? 0 : found->second->changes;
}

std::uint64_t memory_volume::birth_of(const std::string& path) const {
  const auto found = files_.find(path);
  return found == files_.end() ? 0 : found->second->birth;
}

bool memory_volume::holds(const std::filesystem::path& path) const {
  const auto [rest, ignored]
    = std::mismatch(folder_.begin(), folder_.end(), path.begin(), path.end());
  return rest == folder_.end();
}

std::shared_ptr<memory_file>
memory_volume::find(const std::string& path) const {
  const auto found = files_.find(path);
  return found == files_.end() ? nullptr : found->second;
}

std::shared_ptr<memory_file> memory_volume::create(const std::string& path) {
  auto& file = files_[path];
  file = std::make_shared<memory_file>();
  file->changes = 1;
  file->birth = ++births_;
  return file;
}

void memory_volume::remove(const std::string& path) {
  files_.erase(path);
}

bool memory_volume::count_step() {
  if (++steps >= cut_after_)
    cut_power(fate_);
  return powered_;
}

bool memory_volume::fails() {
  const bool failing
    = error_per_mille > 0 && random_() % 1000 < error_per_mille;
  failed += failing ? 1 : 0;
  return failing;
}

memory_disk::memory_disk(std::uint64_t seed,
                         std::function<std::int64_t()> milliseconds)
  : random_(seed), now_(std::move(milliseconds)),
    real_(sqlite3_vfs_find(nullptr)), vfs_(make_memory_vfs(*this)) {
  sqlite3_vfs_register(vfs_.get(), 1);
  // SQLite seeds its generator once a process, from the default file system.
  sqlite3_randomness(0, nullptr);
}

memory_disk::~memory_disk() {
  sqlite3_vfs_unregister(vfs_.get());
  sqlite3_vfs_register(real_, 1);
  sqlite3_randomness(0, nullptr);
}

memory_disk::outside::outside(memory_disk& disk) : disk_(disk) {
  sqlite3_vfs_register(disk_.real_, 1);
}

memory_disk::outside::~outside() {
  sqlite3_vfs_register(disk_.vfs_.get(), 1);
}

memory_volume& memory_disk::add_volume(const std::filesystem::path& folder) {
  volumes_.push_back(std::make_unique<memory_volume>(folder, random_()));
  return *volumes_.back();
}

memory_volume* memory_disk::volume_of(const std::filesystem::path& path) {
  for (auto& volume : volumes_)
    if (volume->holds(path))
      return volume.get();
  return nullptr;
}

} // namespace lockstep
