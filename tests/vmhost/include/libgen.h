/* Names of folders. */
#pragma once

char *dirname(char *path);
