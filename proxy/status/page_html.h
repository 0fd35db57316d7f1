#pragma once
#include <string_view>

namespace proxy {

// page.html as it was when the program was built: {{name}} stands where a piece is to be filled in.
extern const std::string_view page_html;
// Its Content-Security-Policy: its own style and script, requests to its own server, and nothing else.
extern const std::string_view page_policy;

}  // namespace proxy
