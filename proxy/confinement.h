#pragma once
#include <expected>
#include <string>
#include <vector>

namespace proxy {

// The process, and what it starts from now on, gives up for good what it has no use for: gaining privileges by
// executing a file, executing files at all, and changing anything on disk but below these paths (one that isn't there
// stands for the directory that would hold it). Reading stays as it was, since a reload may name other files. The error
// says what the kernel (Landlock, Linux 5.13) didn't offer; all else holds then.
//
// Threads that run already are left as they are: call it while there is one.
std::expected<void, std::string> confine(const std::vector<std::string>& writable);

}  // namespace proxy
