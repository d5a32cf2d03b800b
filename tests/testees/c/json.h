/* Just enough JSON for a testee: finds values in a line, and writes texts. */
#ifndef TESTEE_JSON_H
#define TESTEE_JSON_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A value as it stands in the line; `at` is NULL where there is none. */
typedef struct {
  const char *at;
  size_t length;
} json_value;

/* The value of a key of an object. */
json_value json_member(json_value object, const char *name);

/* The element of a list that comes after `before`, or the first one; `at` is NULL at the end. */
json_value json_element(json_value list, json_value before);

/* Whether the value is this word: true, false, null. */
bool json_is(json_value value, const char *word);

/* Writes the text that a value is to `out`, which has room for `value.length` bytes; gives its
 * length. A value that is no text gives what stands there. */
size_t json_text(json_value value, char *out);

/* Text that grows. */
typedef struct {
  char *text;
  size_t length, room;
} json_writer;

/* Adds bytes as they are. */
void json_add(json_writer *writer, const char *text, size_t length);

/* Adds bytes as a JSON text in quotes. */
void json_add_text(json_writer *writer, const char *text, size_t length);

#ifdef __cplusplus
}
#endif

#endif
