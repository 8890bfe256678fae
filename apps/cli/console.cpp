#include "apps/cli/console.hpp"

#include <cstdio>

#include <unistd.h>

namespace lockstep::cli {

namespace {

class standard_files : public console {
public:
  void write(stream to, std::string_view text) override {
    auto* file = of(to);
    std::fwrite(text.data(), 1, text.size(), file);
    std::fflush(file);
  }

  [[nodiscard]] bool is_terminal(stream to) const override {
    return isatty(fileno(of(to))) != 0;
  }

  [[nodiscard]] bool is_over() const override {
    return false;
  }

private:
  static std::FILE* of(stream to) {
    return to == stream::answers ? stdout : stderr;
  }
};

} // namespace

std::shared_ptr<console> standard_console() {
  return std::make_shared<standard_files>();
}

} // namespace lockstep::cli
