#pragma once
#include <string_view>
#include <vector>

#include "proxy/status/html.h"
#include "proxy/status/tallies.h"

namespace proxy {

// Bars of one event, the oldest first, the highest as high as the chart. `label` says in words what it shows.
Html bar_chart(const std::vector<Tally>& tallies, Event event, std::string_view label);

}  // namespace proxy
