#pragma once

#include "messages/errors.hpp"
#include "persistence/device_identity.hpp"

#include <filesystem>
#include <string>

namespace lockstep {

/// `device/certificate.pem` below `data_directory`: what the device shows to
/// others. A self-signed certificate of its key, as PEM, which is made where it
/// is missing. `corrupt` when it is no certificate of that key.
expected<std::string>
open_or_create_certificate(const std::filesystem::path& data_directory,
                           const device_identity& identity);

/// The key of a device's certificate, which is PEM, Ed25519 and signed by
/// itself. `corrupt` when it is not that.
expected<public_key> key_of_certificate(const std::string& pem);

} // namespace lockstep
