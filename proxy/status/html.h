#pragma once
#include <string>
#include <string_view>

namespace proxy {

// Markup of our own: known when the program is compiled, so nothing that anybody sent can be in it.
struct Markup {
  consteval Markup(const char* markup) : text(markup) {}  // NOLINT(google-explicit-constructor)
  std::string_view text;
};

// A piece of HTML as it grows. All that isn't markup of our own is text, and stays text between elements and within
// quoted attributes: < > & " ' are escaped, what isn't UTF-8 or is a control character becomes U+FFFD.
class Html {
 public:
  Html& markup(Markup ours);
  Html& text(std::string_view anything);
  Html& add(const Html& piece);

  const std::string& str() const { return html_; }

 private:
  std::string html_;
};

}  // namespace proxy
