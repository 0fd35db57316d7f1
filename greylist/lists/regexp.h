#pragma once
#include <expected>
#include <memory>
#include <string>
#include <string_view>

namespace greylist {

// A Perl regular expression by PCRE2: ignores case, unanchored, UTF-8. What it may cost is bounded: a pattern that
// backtracks beyond that matches nothing. Any thread may match.
class Regexp {
 public:
  // An error names the place: "missing closing parenthesis (at 5)".
  static std::expected<Regexp, std::string> compile(std::string_view pattern);
  Regexp(Regexp&&) noexcept;
  Regexp& operator=(Regexp&&) noexcept;
  ~Regexp();

  bool matches(std::string_view text) const;

 private:
  struct Compiled;
  explicit Regexp(std::unique_ptr<Compiled> compiled);
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace greylist
