#pragma once

#include "messages/errors.hpp"
#include "messages/ids.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace lockstep {

/// A device that this one lets in.
struct trusted_device {
  device_id id;
  /// What people call it.
  std::string name;
  /// PEM; the id follows from its key.
  std::string certificate;
  /// Where it can be reached, as HOST:PORT; the likeliest first.
  std::vector<std::string> addresses;

  bool operator==(const trusted_device&) const = default;
};

/// `device/trusted.pem`: the certificates of the devices that this one trusts,
/// each with lines before it that say whose it is and where it was last. Other
/// programs see a file of certificates.
class trusted_devices {
public:
  /// Devices at most.
  static constexpr std::size_t most = 1'000;
  /// Addresses of one device at most; of these the first are kept.
  static constexpr std::size_t most_addresses = 16;

  /// Reads the file, which need not be there. `corrupt` when a certificate is
  /// none, or not of the device that the lines before it name.
  static expected<trusted_devices>
  open(const std::filesystem::path& data_directory);

  [[nodiscard]] const std::map<device_id, trusted_device>& list() const {
    return list_;
  }
  /// Null for a stranger.
  [[nodiscard]] const trusted_device* find(device_id id) const;

  /// Adds a device, or puts new knowledge in place of the old, durably. The
  /// file is replaced as a whole or not at all. `invalid_argument` when the
  /// certificate is not the device's, `too_large` beyond `most`.
  expected<void> put(trusted_device what);
  /// A stranger from now on, durably.
  expected<void> remove(device_id id);

private:
  explicit trusted_devices(std::filesystem::path file);

  expected<void> write(const std::map<device_id, trusted_device>& list) const;

  std::filesystem::path file_;
  std::map<device_id, trusted_device> list_;
};

/// Whether it is HOST:PORT, in characters that can be shown.
bool is_address(std::string_view text);

} // namespace lockstep
