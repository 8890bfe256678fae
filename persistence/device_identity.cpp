#include "persistence/device_identity.hpp"

#include "persistence/atomic_file.hpp"
#include "persistence/described_file.hpp"
#include "persistence/device_key.hpp"

#include <openssl/sha.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

namespace lockstep {

namespace {

constexpr int device_format = 1;

struct identity_files {
  std::filesystem::path folder;
  std::filesystem::path key = folder / "key.pem";
  std::filesystem::path description = folder / "device.json";
};

tl::unexpected<failure> damaged(const std::filesystem::path& file,
                                const std::string& why) {
  return fail(errc::corrupt, file.string() + " is damaged: " + why
                               + "; restore it from a copy, or move "
                               + file.parent_path().string()
                               + " away to become a new device.");
}

/// Refuses a key that others than its owner may read or write.
expected<void> check_permissions(const std::filesystem::path& file) {
  struct stat found {};
  if (::stat(file.c_str(), &found) != 0)
    return tl::make_unexpected(
      system_failure(errno, "Cannot read " + file.string()));
  auto mode = static_cast<unsigned>(found.st_mode) & 0777u;
  if ((mode & 0077u) == 0)
    return {};
  std::array<char, 8> octal{};
  std::snprintf(octal.data(), octal.size(), "%04o", mode);
  return fail(errc::io, "Others can read the key " + file.string() + " (mode "
                          + octal.data() + "); run chmod 600 on it, or, if "
                          + "somebody may have copied it, move "
                          + file.parent_path().string()
                          + " away to become a new device.");
}

expected<device_key> read_key(const std::filesystem::path& file) {
  if (auto allowed = check_permissions(file); !allowed)
    return tl::make_unexpected(allowed.error());
  auto pem = read_file(file);
  if (!pem)
    return tl::make_unexpected(pem.error());
  auto key = device_key::from_pem(*pem);
  if (!key && key.error().code == errc::corrupt)
    return damaged(file, key.error().message);
  return key;
}

expected<device_key> create_key(const std::filesystem::path& file,
                                std::optional<std::uint64_t> seed) {
  auto key = device_key::generate(seed);
  if (!key)
    return key;
  auto pem = key->to_pem();
  if (!pem)
    return tl::make_unexpected(pem.error());
  if (auto written = write_file_atomically(file, *pem, 0600); !written)
    return tl::make_unexpected(written.error());
  return key;
}

/// Name and time of `device.json`, which must speak of the key's device.
expected<void> read_description(const std::filesystem::path& file,
                                device_identity& identity) {
  auto content = read_described(file, device_format);
  if (!content)
    return tl::make_unexpected(content.error());
  try {
    auto id = parse_id<device_id>(content->at("id").get<std::string>());
    auto created
      = parse_wall_time(content->at("created_at").get<std::string>());
    identity.name = content->at("name").get<std::string>();
    if (!id || !created || !check_name("The device's name", identity.name))
      return damaged(file, "its id, name or created_at makes no sense");
    if (*id != identity.id)
      return damaged(file, "it names device " + to_string(*id)
                             + ", but the key beside it is of device "
                             + to_string(identity.id));
    identity.created_at = *created;
  } catch (const nlohmann::json::exception&) {
    return damaged(file, "its id, name or created_at is missing");
  }
  return {};
}

expected<void> create_description(const std::filesystem::path& file,
                                  const new_device& made_from,
                                  device_identity& identity) {
  identity.name = made_from.name;
  identity.created_at = made_from.created_at;
  return write_described(file, {{"format", device_format},
                                {"id", to_string(identity.id)},
                                {"name", identity.name},
                                {"created_at", to_text(identity.created_at)}});
}

/// Whether the file is there; a folder that cannot be searched is an error.
expected<bool> is_stored(const std::filesystem::path& file) {
  std::error_code error;
  auto there = std::filesystem::exists(file, error);
  if (error)
    return tl::make_unexpected(
      system_failure(error.value(), "Cannot read " + file.string()));
  return there;
}

} // namespace

std::array<std::uint8_t, 32> digest_of(const public_key& key) {
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256(key.data(), key.size(), digest.data());
  return digest;
}

std::string fingerprint_of(const public_key& key) {
  std::string text;
  for (const auto byte : digest_of(key)) {
    std::array<char, 4> pair{};
    std::snprintf(pair.data(), pair.size(), ":%02x", unsigned{byte});
    text += pair.data();
  }
  return text.substr(1);
}

device_id device_of(const public_key& key) {
  const auto digest = digest_of(key);
  device_id id;
  std::copy_n(digest.begin(), id.bytes.size(), id.bytes.begin());
  return id;
}

expected<device_identity>
open_or_create_identity(const std::filesystem::path& data_directory,
                        const new_device& made_from) {
  identity_files files{data_directory / "device"};
  auto has_key = is_stored(files.key);
  if (!has_key)
    return tl::make_unexpected(has_key.error());
  auto has_description = is_stored(files.description);
  if (!has_description)
    return tl::make_unexpected(has_description.error());
  if (!*has_key && *has_description)
    return damaged(files.key, "it is gone, though device.json is there");
  if (!*has_description) {
    if (auto good = check_name("The device's name", made_from.name); !good)
      return tl::make_unexpected(good.error());
    if (auto made = create_folder(files.folder); !made)
      return tl::make_unexpected(made.error());
  }

  // The key comes first: one without a description is a creation that a crash
  // cut off, and goes on here.
  auto key
    = *has_key ? read_key(files.key) : create_key(files.key, made_from.seed);
  if (!key)
    return tl::make_unexpected(key.error());
  auto raw = key->public_key();
  if (!raw)
    return tl::make_unexpected(raw.error());

  device_identity identity;
  identity.id = device_of(*raw);
  identity.key = *raw;
  identity.key_file = files.key;
  auto described
    = *has_description
        ? read_description(files.description, identity)
        : create_description(files.description, made_from, identity);
  if (!described)
    return tl::make_unexpected(described.error());
  return identity;
}

expected<device_identity>
open_or_create_identity(const std::filesystem::path& data_directory,
                        std::string_view name) {
  return open_or_create_identity(
    data_directory,
    new_device{std::string{name}, std::chrono::floor<std::chrono::milliseconds>(
                                    std::chrono::system_clock::now())});
}

} // namespace lockstep
