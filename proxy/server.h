#pragma once
#include <string>

#include "proxy/config/settings.h"

namespace proxy {

// Runs the proxy in the foreground until SIGTERM or SIGINT has been obeyed. The exit status: 0 after a clean drain; 1
// if it could not start (the reason on stderr) or a transaction was cut off.
int serve(const std::string& config_path);

// Asks every backend address what the open-relay guard asks, and prints each question and answer on stderr. 1 if
// one can't be reached or would relay for outsiders, else 0.
int probe_backends(const Settings& settings);

}  // namespace proxy
