#include "proxy/import/berkeley_db.h"

#include <algorithm>
#include <array>
#include <bit>

// The layout is that of Berkeley DB 4.2 to 5.3 (src/dbinc/db_page.h there), B-tree version 9, or 8 of those before.
// Numbers are in the byte order of the machine that made the file.
//
//   page 0, the meta page:  12 magic, 16 version, 20 page size, 24 encryption, 25 page type, 26 flags (1: checksums),
//                           32 number of the last page
//   each page:              8 its number, 16 next page (overflow), 20 entries (16 bits), 22 octets used (16 bits,
//                           overflow), 25 type; from 26, or 32 with checksums: on a leaf page, the offset of each item
//                           (16 bits), of which every other is a key; on an overflow page, its octets
//   an item:                0 length (16 bits), 2 type, 3 the octets
//   an overflow item:       2 type, 4 its first page, 8 its length
namespace proxy {
namespace {

constexpr std::uint32_t btree_magic = 0x053162, hash_magic = 0x061561, queue_magic = 0x042253, heap_magic = 0x074582;
constexpr std::size_t meta_size = 72, header_size = 26, header_with_checksum = 32;
constexpr std::uint8_t leaf_page = 5, overflow_page = 7;
constexpr std::uint8_t item_in_place = 1, item_overflow = 3, item_deleted = 0x80;
constexpr std::size_t longest_item = 16 * 1024;

// A page, or a part of one. What lies beyond its end reads as 0.
class Octets {
 public:
  Octets(std::string_view octets, bool swapped) : octets_(octets), swapped_(swapped) {}
  std::uint8_t u8(std::size_t at) const { return number<std::uint8_t>(at); }
  std::uint16_t u16(std::size_t at) const { return number<std::uint16_t>(at); }
  std::uint32_t u32(std::size_t at) const { return number<std::uint32_t>(at); }
  std::optional<std::string_view> text(std::size_t at, std::size_t size) const {
    if (at > octets_.size() || size > octets_.size() - at) return {};
    return octets_.substr(at, size);
  }
  std::size_t size() const { return octets_.size(); }

 private:
  template <typename Number>
  Number number(std::size_t at) const {
    Number value = 0;
    if (const auto octets = text(at, sizeof value)) octets->copy(reinterpret_cast<char*>(&value), sizeof value);
    return swapped_ ? std::byteswap(value) : value;
  }

  std::string_view octets_;
  bool swapped_;
};

std::uint32_t magic_of(std::string_view start, bool swapped) { return Octets(start, swapped).u32(12); }

class BTree {
 public:
  BTree(const ReadAt& read, const Octets& meta, bool swapped)
      : read_(read), swapped_(swapped), page_size_(meta.u32(20)), last_page_(meta.u32(32)) {
    items_at_ = (meta.u8(26) & 1) != 0 ? header_with_checksum : header_size;
  }

  std::expected<void, std::string> each(const Entry& entry) const {
    for (std::uint64_t number = 1; number <= last_page_; ++number) {
      const auto page = read_page(static_cast<std::uint32_t>(number));
      if (!page) return std::unexpected("it can't be read to its end");
      if (page->size() < page_size_) return std::unexpected("it is cut short: its end is missing");
      if (const Octets octets(*page, swapped_); octets.u8(25) == leaf_page) each_on(octets, entry);
    }
    return {};
  }

 private:
  std::optional<std::string> read_page(std::uint32_t number) const {
    return read_(std::uint64_t{number} * page_size_, page_size_);
  }

  void each_on(const Octets& page, const Entry& entry) const {
    const auto count = page.u16(20);
    if (items_at_ + std::size_t{count} * 2 > page.size()) return entry(std::nullopt);
    for (std::size_t i = 0; i + 1 < count; i += 2) {
      const auto key_at = page.u16(items_at_ + i * 2);
      const auto value_at = page.u16(items_at_ + i * 2 + 2);
      if (((page.u8(key_at + 2U) | page.u8(value_at + 2U)) & item_deleted) != 0) continue;
      const auto key = item(page, key_at);
      const auto value = item(page, value_at);
      entry(key && value ? std::optional(KeyValue{*key, *value}) : std::nullopt);
    }
  }

  std::optional<std::string> item(const Octets& page, std::size_t at) const {
    if (at < items_at_) return {};
    if (page.u8(at + 2) == item_in_place) {
      const auto text = page.text(at + 3, page.u16(at));
      return text ? std::optional<std::string>(*text) : std::nullopt;
    }
    return page.u8(at + 2) == item_overflow ? overflow(page.u32(at + 4), page.u32(at + 8)) : std::nullopt;
  }

  // Each page but the last is full; so a loop of pages ends.
  std::optional<std::string> overflow(std::uint32_t number, std::size_t size) const {
    std::string text;
    while (size <= longest_item && text.size() < size) {
      const auto page = number == 0 ? std::nullopt : read_page(number);
      if (!page) return {};
      const Octets octets(*page, swapped_);
      const auto part = octets.text(items_at_, octets.u16(22));
      if (octets.u8(25) != overflow_page || !part) return {};
      if (part->size() != std::min(size - text.size(), page_size_ - items_at_)) return {};
      text += *part;
      number = octets.u32(16);
    }
    return text.size() == size ? std::optional(std::move(text)) : std::nullopt;
  }

  const ReadAt& read_;
  bool swapped_;
  std::uint32_t page_size_, last_page_;
  std::size_t items_at_;
};

std::optional<std::string> unfit(const Octets& meta) {
  if (meta.size() < meta_size) return "it is cut short: its end is missing";
  if (const auto version = meta.u32(16); version != 8 && version != 9) {
    return "it is of a Berkeley DB version that can't be read (B-tree version " + std::to_string(version) +
           "): write it out with that version's db_dump";
  }
  if (meta.u8(24) != 0) return "it is encrypted: write it out with db_dump";
  const auto page_size = meta.u32(20);
  if (page_size < 512 || page_size > 64 * 1024 || !std::has_single_bit(page_size)) {
    return "its first page is damaged: no page size";
  }
  return {};
}

}  // namespace

bool is_berkeley_db(std::string_view start) {
  return std::ranges::any_of(std::array{false, true}, [&](bool swapped) {
    const auto magic = magic_of(start, swapped);
    return magic == btree_magic || magic == hash_magic || magic == queue_magic || magic == heap_magic;
  });
}

std::expected<void, std::string> read_berkeley_db(const ReadAt& read, const Entry& entry) {
  const auto start = read(0, meta_size);
  if (!start) return std::unexpected("it can't be read");
  const bool swapped = magic_of(*start, true) == btree_magic;
  if (!swapped && magic_of(*start, false) != btree_magic) {
    return std::unexpected("it is not a B-tree of Berkeley DB, as postgrey's are");
  }
  const Octets meta(*start, swapped);
  if (auto why = unfit(meta)) return std::unexpected(std::move(*why));
  return BTree(read, meta, swapped).each(entry);
}

}  // namespace proxy
