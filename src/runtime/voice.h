/* voice.h - what of the voice modality eval needs too, and tests hold to figures. */
#ifndef AT_RUNTIME_VOICE_H
#define AT_RUNTIME_VOICE_H

/* Less speech than this in a window, 10 ms rows, and the voice is not used. */
enum { AT_SPEECH_ROWS_MIN = 40 };

/* How good the sound is, as one figure in [0,1], 1 = clean: at_voice_quality's clear,
 * clipped_share and voice_like (dsp/vad.h). */
float at_voice_quality_figure(float clear, float clipped_share, float voice_like);

#endif
