#pragma once
#include <string>
#include <string_view>

namespace proxy {

// The domain that somebody registered to have this name ("mail.example.co.uk" → "example.co.uk"), by the public suffix
// list; empty for a name that is a public suffix itself. In lower case, A-labels.
std::string organisational_domain(std::string_view name);

}  // namespace proxy
