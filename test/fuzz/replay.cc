// Runs a fuzz target over the files and folders named on its command line, where libFuzzer's own main is not linked.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_under(const fs::path& path) {
  if (!fs::is_directory(path)) return {path};
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  return files;
}

bool run(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return false;
  const std::vector<char> input{std::istreambuf_iterator<char>(file), {}};
  // Before the run: a target that finds a fault aborts.
  std::fprintf(stderr, "%s\n", path.c_str());
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  int inputs = 0;
  for (int argument = 1; argument < argc; ++argument) {
    for (const auto& file : files_under(argv[argument])) {
      if (!run(file)) {
        std::fprintf(stderr, "%s: can't be read\n", file.c_str());
        return 1;
      }
      ++inputs;
    }
  }
  if (inputs == 0) std::fputs("no inputs\n", stderr);
  return inputs > 0 ? 0 : 1;
}
