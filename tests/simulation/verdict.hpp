#pragma once

#include <string>
#include <utility>

namespace lockstep::simulation {

/// The first promise that was seen broken.
class verdict {
public:
  void fail(std::string why) {
    if (why_.empty())
      why_ = std::move(why);
  }
  [[nodiscard]] bool good() const {
    return why_.empty();
  }
  [[nodiscard]] const std::string& why() const {
    return why_;
  }

private:
  std::string why_;
};

} // namespace lockstep::simulation
