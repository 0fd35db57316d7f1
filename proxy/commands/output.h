#pragma once
#include <cstdio>
#include <string>
#include <string_view>

namespace proxy {

// Exit codes of the program.
constexpr int done = 0, failed = 1, wrong_usage = 2;

// What a command prints on stdout.
class Output {
 public:
  explicit Output(std::FILE* stream = stdout) : stream_(stream) {}

  // False: it can't be written (the disk is full, who read has left), and no more will be.
  bool print(std::string_view text);
  // All has been printed: `code`, or failed if it hasn't, with the reason on stderr. A reader that left knows why.
  int end(int code = done);

 private:
  std::FILE* stream_;
  int error_ = 0;  // errno
};

// "greygate: what" on stderr, whatever was in it.
void complain(std::string_view what);

}  // namespace proxy
