#pragma once

#include "messages/clock.hpp"
#include "messages/errors.hpp"
#include "messages/ids.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace lockstep {

/// An Ed25519 public key, raw.
using public_key = std::array<std::uint8_t, 32>;

/// Who this device is. The private key stays in its file.
struct device_identity {
  device_id id;
  std::string name;
  wall_time created_at{};
  public_key key{};
  /// PEM, readable by the owner only.
  std::filesystem::path key_file;
};

/// The SHA-256 of a public key.
std::array<std::uint8_t, 32> digest_of(const public_key& key);

/// The device that a public key stands for: the first 16 bytes of its SHA-256.
device_id device_of(const public_key& key);

/// What people compare to be sure of a device: the SHA-256 of its public key,
/// as 32 pairs of lower-case hexadecimal digits with colons between them. The
/// device's id is its first half.
std::string fingerprint_of(const public_key& key);

/// What a new device is made from; of no use to one that exists.
struct new_device {
  /// Shown to people; see `check_name`.
  std::string name;
  wall_time created_at{};
  /// Makes the key from this number instead of at random: for simulations
  /// only, as whoever knows the number has the key.
  std::optional<std::uint64_t> seed{};
};

/// Reads `device/key.pem` and `device/device.json` below `data_directory`, or
/// makes them; the second time nothing is changed. The caller holds the
/// directory's lock. `corrupt` when a file is damaged, or the two do not
/// belong together; `io` when others may read the key; `newer_format`.
expected<device_identity>
open_or_create_identity(const std::filesystem::path& data_directory,
                        const new_device& made_from);

/// The same for a device of this moment.
expected<device_identity>
open_or_create_identity(const std::filesystem::path& data_directory,
                        std::string_view name);

} // namespace lockstep
