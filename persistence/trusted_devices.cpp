#include "persistence/trusted_devices.hpp"

#include "persistence/atomic_file.hpp"
#include "persistence/device_certificate.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <utility>

namespace lockstep {

namespace {

constexpr std::string_view device_line = "Device: ";
constexpr std::string_view name_line = "Name: ";
constexpr std::string_view address_line = "Address: ";
constexpr std::string_view certificate_end = "-----END CERTIFICATE-----";
constexpr std::string_view certificate_begin = "-----BEGIN CERTIFICATE-----";
constexpr std::size_t list_limit = std::size_t{4} << 20;
constexpr std::size_t longest_address = 255 + 6;

std::string one_line(std::string text) {
  std::replace_if(
    text.begin(), text.end(),
    [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return text;
}

std::string text_of(const trusted_device& what) {
  std::string text{device_line};
  text += to_string(what.id) + "\n";
  text += std::string{name_line} + one_line(what.name) + "\n";
  for (const auto& one : what.addresses)
    text += std::string{address_line} + one + "\n";
  text += what.certificate;
  if (!text.ends_with('\n'))
    text += '\n';
  return text + "\n";
}

bool is_certificate_of(const trusted_device& what) {
  const auto key = key_of_certificate(what.certificate);
  return key && device_of(*key) == what.id;
}

} // namespace

bool is_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0
      || text.size() > longest_address)
    return false;
  if (std::any_of(text.begin(), text.end(),
                  [](char c) { return c <= ' ' || c > '~'; }))
    return false;
  const auto port = text.substr(colon + 1);
  unsigned number = 0;
  const auto read
    = std::from_chars(port.data(), port.data() + port.size(), number);
  return read.ec == std::errc{} && read.ptr == port.data() + port.size()
         && number > 0 && number <= 65'535;
}

trusted_devices::trusted_devices(std::filesystem::path file)
  : file_{std::move(file)} {
}

expected<trusted_devices>
trusted_devices::open(const std::filesystem::path& data_directory) {
  trusted_devices opened{data_directory / "device" / "trusted.pem"};
  auto content = read_file(opened.file_, list_limit);
  if (!content && content.error().code == errc::not_found)
    return opened;
  if (!content)
    return tl::make_unexpected(content.error());
  trusted_device next;
  bool in_certificate = false;
  std::istringstream lines{*content};
  for (std::string line; std::getline(lines, line);) {
    if (line == certificate_begin)
      in_certificate = true;
    if (in_certificate)
      next.certificate += line + "\n";
    else if (line.starts_with(device_line))
      next.id = parse_id<device_id>(line.substr(device_line.size()))
                  .value_or(device_id{});
    else if (line.starts_with(name_line))
      next.name = line.substr(name_line.size());
    else if (line.starts_with(address_line))
      next.addresses.push_back(line.substr(address_line.size()));
    if (line != certificate_end)
      continue;
    if (!is_certificate_of(next))
      return fail(errc::corrupt, opened.file_.string()
                                   + " is damaged: a certificate in it is not"
                                     " of the device named before it; remove"
                                     " that part.");
    const auto id = next.id;
    opened.list_[id] = std::exchange(next, {});
    in_certificate = false;
  }
  if (in_certificate)
    return fail(errc::corrupt, opened.file_.string()
                                 + " is damaged: its last certificate has no"
                                   " end; remove that part.");
  return opened;
}

const trusted_device* trusted_devices::find(device_id id) const {
  const auto found = list_.find(id);
  return found == list_.end() ? nullptr : &found->second;
}

expected<void> trusted_devices::put(trusted_device what) {
  if (!is_certificate_of(what))
    return fail(errc::invalid_argument,
                "The certificate is not of device " + to_string(what.id) + ".");
  std::erase_if(what.addresses,
                [](const std::string& one) { return !is_address(one); });
  what.addresses.resize(std::min(what.addresses.size(), most_addresses));
  what.name = one_line(std::move(what.name));
  if (const auto* known = find(what.id); known != nullptr && *known == what)
    return {};
  auto changed = list_;
  changed[what.id] = std::move(what);
  if (changed.size() > most)
    return fail(errc::too_large, "This device trusts " + std::to_string(most)
                                   + " others already; remove one first.");
  return write(changed).map([&] { list_ = std::move(changed); });
}

expected<void> trusted_devices::remove(device_id id) {
  auto changed = list_;
  if (changed.erase(id) == 0)
    return {};
  return write(changed).map([&] { list_ = std::move(changed); });
}

expected<void>
trusted_devices::write(const std::map<device_id, trusted_device>& list) const {
  std::string content;
  for (const auto& [id, one] : list)
    content += text_of(one);
  return write_file_atomically(file_, content, 0600);
}

} // namespace lockstep
