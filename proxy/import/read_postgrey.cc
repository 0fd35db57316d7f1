#include "proxy/import/read_postgrey.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <vector>

#include "proxy/import/berkeley_db.h"
#include "proxy/import/db_dump.h"
#include "proxy/import/postgrey_entries.h"
#include "proxy/import/text_input.h"

namespace proxy {
namespace {

namespace fs = std::filesystem;

std::expected<void, std::string> read_database(const std::string& path, const Entry& entry) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), std::fclose);
  if (!file) return std::unexpected("it can't be opened");
  return read_berkeley_db(
      [&](std::uint64_t offset, std::size_t size) -> std::optional<std::string> {
        std::string octets(size, '\0');
        if (fseeko(file.get(), static_cast<off_t>(offset), SEEK_SET) != 0) return {};
        octets.resize(std::fread(octets.data(), 1, size, file.get()));
        return std::ferror(file.get()) != 0 ? std::nullopt : std::optional(std::move(octets));
      },
      entry);
}

std::expected<void, std::string> read_file(const std::string& path, const Entry& entry) {
  auto input = TextInput::open(path);
  if (!input) return std::unexpected(input.error());
  const auto named = [&](const std::string& what) { return std::unexpected(path + ": " + what); };

  const auto start = input->start(16);
  if (is_berkeley_db(start)) {
    if (auto read = read_database(path, entry); !read) return named(read.error());
    return {};
  }
  if (input->failure()) return std::unexpected(*input->failure());
  if (!start.starts_with("VERSION=")) return named("neither a Berkeley DB file nor what db_dump writes");
  const auto read = read_db_dump(*input, entry);
  if (input->failure()) return std::unexpected(*input->failure());
  if (!read) return named(read.error());
  return {};
}

std::vector<std::string> files_of(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return {path};
  std::vector<std::string> files;
  for (const char* name : {"postgrey.db", "postgrey_clients.db"}) {
    if (const auto file = fs::path(path) / name; fs::exists(file, error)) files.push_back(file.string());
  }
  return files;
}

}  // namespace

std::expected<ImportReport, std::string> read_postgrey(const std::string& path, const Take& take) {
  const auto files = files_of(path);
  if (files.empty()) return std::unexpected(path + ": neither postgrey.db nor postgrey_clients.db is in there");
  PostgreyEntries entries(take);
  for (const auto& file : files) {
    const auto read = read_file(file, [&](const std::optional<KeyValue>& entry) {
      if (entry) {
        entries.add(entry->key, entry->value);
      } else {
        entries.damaged();
      }
    });
    if (!read) return std::unexpected(read.error());
  }
  auto report = entries.report();
  if (!report) return std::unexpected(path + ": " + report.error());
  return report;
}

}  // namespace proxy
