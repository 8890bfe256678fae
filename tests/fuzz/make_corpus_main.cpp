#include "tests/fuzz/real_inputs.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>

// Writes what the kept corpus begins with: make_corpus FOLDER. What else lies
// there stays.
int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("make_corpus: name the folder to write to\n", stderr);
    return 2;
  }
  const std::filesystem::path folder{arguments[1]};
  for (const auto& [name, content] : lockstep::real_inputs()) {
    std::filesystem::create_directories((folder / name).parent_path());
    std::ofstream file{folder / name, std::ios::binary | std::ios::trunc};
    file.write(reinterpret_cast<const char*>(content.data()),
               static_cast<std::streamsize>(content.size()));
    if (!file.flush()) {
      std::fprintf(stderr, "make_corpus: cannot write %s\n", name.c_str());
      return 1;
    }
  }
}
