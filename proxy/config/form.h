#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "proxy/config/keys.h"

namespace proxy {

// What a text of that form would be, if `text` isn't one: "an address and a port such as \"127.0.0.1:25\"". Nothing if
// it is. The entries of lists (Form::client, Form::address) are left to those who build the lists.
std::optional<std::string> expected_instead(Form form, const std::string& text);

}  // namespace proxy
