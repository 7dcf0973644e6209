// A vignette: darkens a picture towards its corners. What depends on the place alone is computed once, and the picture goes through in
// bands of rows that stay in the cache.
//
// `open` is called once and gets the picture's size and format and the parameters; `process` is called for each frame. The host keeps
// the picture; a filter reads and writes rectangles of it. Borrowed handles are dropped before a function returns.
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "video_filter.h"

enum {
  // Rows that are read, changed and written at once: few enough to stay in the cache.
  BAND = 32,
  // Darkness is counted in parts of this.
  FULL = 65536,
};

// What becomes of one plane. The darkness of a sample is that of its column plus that of its row.
typedef struct {
  // Code value of black in this plane: 16 in luma of 8 bits and limited range, 128 in chroma.
  uint32_t black;
  uint32_t width, height;
  uint32_t *columns, *rows;
} plane_t;

struct exports_wasmux_plugin_video_filter_t {
  bool wide;
  uint8_t planes;
  plane_t plane[3];
};

typedef exports_wasmux_plugin_video_filter_t filter_t;
typedef exports_wasmux_plugin_video_error_t error_t;

// The darkness along a line: 0 in its middle, at most `most` at its ends, with the square of the distance.
static uint32_t *fall(uint32_t length, double most) {
  uint32_t *darkness = malloc(length * sizeof *darkness);
  if (!darkness) abort();
  double middle = length / 2.0;
  for (uint32_t at = 0; at < length; at++) {
    double distance = (at + 0.5 - middle) / middle;
    darkness[at] = (uint32_t)(most * distance * distance);
  }
  return darkness;
}

static bool refuse(error_t *error, const char *code, const char *message) {
  video_filter_string_dup(&error->code, code);
  video_filter_string_dup(&error->message, message);
  error->field.is_some = false;
  return false;
}

static void describe(filter_t *filter, exports_wasmux_plugin_video_borrow_setup_t setup, double strength) {
  uint32_t width = wasmux_media_frames_method_setup_width(setup), height = wasmux_media_frames_method_setup_height(setup);
  uint8_t bits = wasmux_media_frames_method_setup_bit_depth(setup);
  uint8_t shift_x = wasmux_media_frames_method_setup_chroma_shift_x(setup);
  uint8_t shift_y = wasmux_media_frames_method_setup_chroma_shift_y(setup);
  filter->wide = bits > 8;
  // Alpha stays as it is.
  filter->planes = 3;
  for (uint8_t number = 0; number < filter->planes; number++) {
    uint8_t x = number == 0 ? 0 : shift_x, y = number == 0 ? 0 : shift_y;
    plane_t *plane = &filter->plane[number];
    plane->width = (width + (1u << x) - 1) >> x;
    plane->height = (height + (1u << y) - 1) >> y;
    plane->columns = fall(plane->width, strength * FULL / 2);
    plane->rows = fall(plane->height, strength * FULL / 2);
    uint32_t luma = wasmux_media_frames_method_setup_full_range(setup) ? 0 : 16;
    plane->black = (number == 0 ? luma : 128) << (bits - 8);
  }
}

bool exports_wasmux_plugin_video_static_filter_open(
    exports_wasmux_plugin_video_borrow_setup_t setup, video_filter_string_t *parameters,
    exports_wasmux_plugin_video_own_filter_t *ret, error_t *err) {
  // The host has compared the parameters with the schema of manifest.json before.
  double strength = json_number(json_member(json_document(parameters->ptr, parameters->len), "Strength"), 0.5);
  bool is_yuv = wasmux_media_frames_method_setup_matrix_coefficients(setup) != 0;
  filter_t *filter = malloc(sizeof *filter);
  if (!filter) abort();
  if (is_yuv) describe(filter, setup, strength);
  wasmux_media_frames_setup_drop_borrow(setup);
  if (!is_yuv) return refuse(err, "UnsupportedPicture", "the picture is RGB; this filter knows Y, Cb and Cr alone");
  if (strength == 0) {
    // A filter with nothing to do says so, and is not called.
    wasmux_host_report_rect_t nowhere = {0};
    int64_t never = 0;
    wasmux_host_report_region(&nowhere, 0, &never);
  }
  *ret = exports_wasmux_plugin_video_filter_new(filter);
  return true;
}

static uint32_t darkened(uint32_t sample, uint32_t black, uint32_t dark) {
  return (sample * (FULL - dark) + black * dark + FULL / 2) / FULL;
}

// Darkens packed rows, the first of which is row `first` of the plane.
static void darken(const plane_t *plane, bool wide, uint32_t first, uint32_t rows, uint8_t *bytes) {
  for (uint32_t y = 0; y < rows; y++) {
    uint32_t row = plane->rows[first + y];
    if (wide) {
      uint16_t *samples = (uint16_t *)bytes + (size_t)y * plane->width;
      for (uint32_t x = 0; x < plane->width; x++) samples[x] = darkened(samples[x], plane->black, row + plane->columns[x]);
    } else {
      uint8_t *samples = bytes + (size_t)y * plane->width;
      for (uint32_t x = 0; x < plane->width; x++) samples[x] = darkened(samples[x], plane->black, row + plane->columns[x]);
    }
  }
}

bool exports_wasmux_plugin_video_method_filter_process(
    filter_t *self, exports_wasmux_plugin_video_borrow_frame_t frame, error_t *err) {
  (void)err;
  for (uint8_t number = 0; number < self->planes; number++) {
    const plane_t *plane = &self->plane[number];
    for (uint32_t y = 0; y < plane->height; y += BAND) {
      uint32_t rows = plane->height - y < BAND ? plane->height - y : BAND;
      wasmux_media_frames_rect_t band = {.x = 0, .y = y, .width = plane->width, .height = rows};
      video_filter_list_u8_t samples;
      wasmux_media_frames_method_frame_read(frame, number, &band, &samples);
      darken(plane, self->wide, y, rows, samples.ptr);
      wasmux_media_frames_method_frame_write(frame, number, &band, &samples);
      video_filter_list_u8_free(&samples);
    }
  }
  wasmux_media_frames_frame_drop_borrow(frame);
  return true;
}

bool exports_wasmux_plugin_video_method_filter_finish(filter_t *self, error_t *err) {
  (void)self, (void)err;
  return true;
}

void exports_wasmux_plugin_video_filter_destructor(filter_t *rep) {
  for (uint8_t number = 0; number < rep->planes; number++) {
    free(rep->plane[number].columns);
    free(rep->plane[number].rows);
  }
  free(rep);
}
