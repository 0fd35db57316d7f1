#include "proxy/status/html.h"

#include <doctest/doctest.h>

namespace proxy {
namespace {

TEST_CASE("text stays text, whatever it holds") {
  struct Row {
    const char* why;
    std::string_view text, html;
  };
  using namespace std::literals;
  for (const auto& [why, text, html] : {
           Row{"nothing", "", ""},
           Row{"an element", "<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"},
           Row{"the end of an attribute", "\" onload='x'", "&quot; onload=&#39;x&#39;"},
           Row{"what looks escaped already", "&lt;", "&amp;lt;"},
           Row{"a comment", "<!-- -->", "&lt;!-- --&gt;"},
           Row{"NUL", "a\0b"sv, "a\uFFFDb"},
           Row{"control characters", "\x1b[2J\x7f", "\uFFFD[2J\uFFFD"},
           Row{"C1 control characters", "a\xc2\x9b", "a\uFFFD"},
           Row{"the first character after them", "\u00A0", "\u00A0"},
           Row{"lines and tabs", "a\n\tb", "a\n\tb"},
           Row{"UTF-8", "bøb@bücher.example", "bøb@bücher.example"},
           Row{"octets that are no UTF-8", "\xff<\xe2\x82", "\uFFFD&lt;\uFFFD\uFFFD"},
           Row{"an overlong <", "\xc0\xbc", "\uFFFD\uFFFD"},
       }) {
    CAPTURE(why);
    CHECK(Html().text(text).str() == html);
    CHECK(Html().markup("<td title=\"").text(text).markup("\">").str() == "<td title=\"" + std::string(html) + "\">");
  }
}

TEST_CASE("pieces join") {
  const auto piece = Html().markup("<b>").text("<").markup("</b>");
  CHECK(Html().markup("<p>").add(piece).markup("</p>").str() == "<p><b>&lt;</b></p>");
}

}  // namespace
}  // namespace proxy
